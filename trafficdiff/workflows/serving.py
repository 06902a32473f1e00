"""Start the dashboard for a folder: secure settings, a free port, ready when it answers, gone when the command ends.

Every setting that protects is given as an argument: Streamlit takes these before any configuration file and before the
environment, so nobody's own settings weaken them.
"""

from __future__ import annotations

import contextlib
import importlib.util
import ipaddress
import os
import socket
import sys
import tempfile
import time
import tomllib
import urllib.error
import urllib.request
import webbrowser
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from trafficdiff.errors import Faults, InputError, MissingDependencyError, SimulationError
from trafficdiff.process import running_service
from trafficdiff.resources import bundled

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Sequence

__all__ = ["UPLOAD_CAP_MB", "Serving", "is_loopback", "open_browser", "remarks", "server_command", "serving"]

UPLOAD_CAP_MB: Final = 20
"""Largest file that a visitor may upload [MB]; a scenario has a few kB, an OpenStreetMap extract of a town a few MB."""

_READY_WITHIN_S: Final = 90.0
_ENDS_WITHIN_S: Final = 2.0
"""Nothing is lost where it is killed: what visitors saved is on the disk, and jobs are processes of their own."""
_LOOK_EVERY_S: Final = 0.1
_LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1", "::1")
_LOGIN_KEYS: Final = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
_LOGIN_PACKAGES: Final = ("authlib", "httpx")
_COOKIE_SECRET_CHARACTERS: Final = 32


@dataclass(frozen=True, kw_only=True)
class Serving:
    """Say what is served, to whom, and what visitors may do.

    Parameters
    ----------
    folder
        The folder that is shown.
    host, port
        Where it listens; port 0 takes any free one.
    read_only
        Whether nothing can be started, cancelled, uploaded or saved.
    max_jobs
        Simulation jobs at once, over all visitors.
    language
        Code of the language where the URL names none; empty for the browser's.
    secrets
        A TOML file with a table ``[auth]``: visitors sign in with OpenID Connect; None for no login.
    allow
        Who may come in after signing in: addresses, or domains as ``@city.example``; empty for everybody who can.
    public_url
        Address under which a proxy shows it, or None.
    tiles, tiles_credit
        Template of the addresses of map pictures that visitors' browsers fetch (``{z}``, ``{x}``, ``{y}``), and whom
        the map thanks for them; None for none: then nothing is fetched.
    """

    folder: Path = Path()
    host: str = "127.0.0.1"
    port: int = 8501
    read_only: bool = False
    max_jobs: int = 1
    language: str = ""
    secrets: Path | None = None
    allow: tuple[str, ...] = ()
    public_url: str | None = None
    tiles: str | None = None
    tiles_credit: str = ""

    @property
    def url(self) -> str:
        """Address for a browser on this machine."""
        if self.public_url:
            return self.public_url
        shown = "localhost" if is_everywhere(self.host) else self.host
        return f"http://[{shown}]:{self.port}" if ":" in shown else f"http://{shown}:{self.port}"


def is_loopback(host: str) -> bool:
    """Return whether a host can be reached from this machine only."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def is_everywhere(host: str) -> bool:
    """Return whether a host stands for every network that this machine is in."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_unspecified
    return False


def remarks(asked: Serving) -> list[str]:
    """Return what the person who starts it should know about who can reach it."""
    foreign = (
        []
        if asked.tiles is None
        else [f"Maps fetch pictures from {urlsplit(asked.tiles).hostname}: it learns who looks, and where."]
    )
    if is_loopback(asked.host):
        return foreign
    said = [
        *foreign,
        f"The dashboard listens on {asked.host}: everybody who can reach this machine over the network can open it. "
        "It speaks plain HTTP; put a proxy with TLS before it when the network is not your own.",
    ]
    if asked.secrets is None:
        can = (
            "read everything in the folder" if asked.read_only else "read the folder, save files and start simulations"
        )
        advice = "" if asked.read_only else " --read-only takes the last two away."
        said.append(f"Nobody is asked who they are, and everybody can {can}. --secrets adds a login.{advice}")
    return said


@contextlib.contextmanager
def serving(asked: Serving) -> Iterator[tuple[Serving, subprocess.Popen[bytes]]]:
    """Run the dashboard while the block lasts; yield what is served, with its port, and the process, once it answers.

    Raises
    ------
    InputError
        If the folder, the port or the secrets cannot be used; nothing was started then.
    MissingDependencyError
        If a package is missing.
    SimulationError
        If the server did not come up.
    """
    _check(asked)
    asked = Serving(**(vars(asked) | {"folder": asked.folder.absolute(), "port": _free_port(asked.host, asked.port)}))
    with (
        tempfile.TemporaryDirectory(prefix="trafficdiff-serve-") as empty,  # no settings of whoever's folder this is
        running_service(
            server_command(asked), directory=Path(empty), environment=_environment(), grace_s=_ENDS_WITHIN_S
        ) as process,
    ):
        _wait_until_ready(asked, process)
        yield asked, process


def open_browser(url: str) -> None:
    """Show an address in the user's browser, where there is one."""
    with contextlib.suppress(webbrowser.Error):
        webbrowser.open(url)


def server_command(asked: Serving) -> list[str]:
    """Return the command that starts the server: every setting that protects, then what the pages are told."""
    settings: dict[str, Sequence[str] | str] = {
        "server.address": asked.host,
        "server.port": str(asked.port),
        "server.headless": "true",
        "server.baseUrlPath": urlsplit(asked.public_url or "").path.strip("/"),
        "server.enableCORS": "true",
        "server.enableXsrfProtection": "true",
        "server.enableStaticServing": "false",
        "server.maxUploadSize": str(UPLOAD_CAP_MB),
        "server.fileWatcherType": "none",
        "server.runOnSave": "false",
        "server.allowedHosts": _allowed_hosts(asked),
        "browser.gatherUsageStats": "false",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": "false",
        "client.toolbarMode": "viewer",
        "runner.magicEnabled": "false",
        "logger.hideWelcomeMessage": "true",  # with it, Streamlit asks a server on the internet for our address
        "theme.base": str(bundled("dashboards/theme.toml")),
    }
    if asked.public_url:
        parts = urlsplit(asked.public_url)
        settings["browser.serverAddress"] = parts.hostname or ""
        settings["server.corsAllowedOrigins"] = [f"{parts.scheme}://{parts.netloc}"]
    if asked.secrets is not None:
        settings["secrets.files"] = [str(asked.secrets.absolute())]
    flags = [
        word
        for name, value in settings.items()
        for part in ([value] if isinstance(value, str) else value)
        for word in (f"--{name}", part)
    ]
    app = bundled("dashboards/shell/app.py")
    return [sys.executable, "-m", "streamlit", "run", str(app), *flags, "--", *_told(asked)]


def _told(asked: Serving) -> list[str]:
    """Return what `dashboards.shell.state` reads."""
    told = ["--folder", str(asked.folder), "--max-jobs", str(asked.max_jobs)]
    told += ["--language", asked.language] if asked.language else []
    told += ["--read-only"] if asked.read_only else []
    told += ["--login"] if asked.secrets is not None else []
    told += [] if asked.tiles is None else ["--tiles", asked.tiles, "--tiles-credit", asked.tiles_credit]
    return [*told, *(word for who in asked.allow for word in ("--allow", who))]


def _allowed_hosts(asked: Serving) -> Sequence[str]:
    """Return the names by which browsers may ask for it; a foreign one that leads here is DNS rebinding."""
    public = [host] if (host := urlsplit(asked.public_url or "").hostname) else []
    if is_everywhere(asked.host):
        return [*_LOOPBACK_NAMES, *public] if public else ["*"]
    return [*_LOOPBACK_NAMES, *public] if is_loopback(asked.host) else [asked.host, *public]


def _environment() -> dict[str, str]:
    """Return this environment without settings for Streamlit."""
    return {name: value for name, value in os.environ.items() if not name.startswith("STREAMLIT_")}


def _check(asked: Serving) -> None:
    faults = Faults("trafficdiff serve")
    if not asked.folder.is_dir():
        faults.add(f"expected a folder, found none at {asked.folder}; make it, or name another")
    if asked.public_url and not (
        urlsplit(asked.public_url).scheme in {"http", "https"} and urlsplit(asked.public_url).hostname
    ):
        faults.add(f"--public-url: expected an address like https://traffic.city.example, got {asked.public_url!r}")
    if asked.allow and asked.secrets is None:
        faults.add("--allow: expected --secrets too: without a login nobody says who they are")
    for who in asked.allow:
        if "@" not in who or who.endswith("@") or any(mark.isspace() for mark in who):
            faults.add(f"--allow: expected an address (ann@city.example) or a domain (@city.example), got {who!r}")
    _check_tiles(asked, faults)
    faults.raise_if_any(InputError)
    if importlib.util.find_spec("streamlit") is None:
        raise MissingDependencyError("expected the package streamlit, found none; install trafficdiff again")
    if asked.secrets is not None:
        _check_secrets(asked.secrets)


def _check_tiles(asked: Serving, faults: Faults) -> None:
    """Refuse map pictures that nobody could fetch, or that nobody is thanked for."""
    if asked.tiles is None:
        return
    parts = urlsplit(asked.tiles)
    near = parts.scheme == "http" and (parts.hostname or "") in _LOOPBACK_NAMES
    if not (parts.scheme == "https" or near) or not parts.hostname:
        faults.add(f"--tiles: expected https://... (http:// on this machine only), got {asked.tiles!r}")
    if lacking := [mark for mark in ("{z}", "{x}", "{y}") if mark not in asked.tiles]:
        faults.add(f"--tiles: expected an address with {', '.join(lacking)} in it, got {asked.tiles!r}")
    if not asked.tiles_credit.strip():
        faults.add("--tiles: expected --tiles-credit too: whoever makes the pictures wants to be named")


def _check_secrets(path: Path) -> None:
    """Refuse a file with which nobody could sign in, before anybody tries."""
    faults = Faults(f"{path}: table [auth]")
    try:
        auth = tomllib.loads(path.read_text(encoding="utf-8")).get("auth", {})
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: expected a TOML file with a table [auth], got: {error}; see docs/dashboard.md"
        ) from error
    if not isinstance(auth, dict):
        auth = {}
    for key in _LOGIN_KEYS:
        if not isinstance(auth.get(key), str) or not auth[key]:
            faults.add(f"{key}: expected a text, found none; docs/dashboard.md has an example")
    if not str(auth.get("redirect_uri") or "/oauth2callback").endswith("/oauth2callback"):
        faults.add("redirect_uri: expected the dashboard's address followed by /oauth2callback")
    if len(str(auth.get("cookie_secret") or "x" * _COOKIE_SECRET_CHARACTERS)) < _COOKIE_SECRET_CHARACTERS:
        faults.add(
            f"cookie_secret: expected at least {_COOKIE_SECRET_CHARACTERS} random characters; "
            "`python -c 'import secrets; print(secrets.token_urlsafe(48))'` makes them"
        )
    faults.raise_if_any(InputError)
    if missing := [name for name in _LOGIN_PACKAGES if importlib.util.find_spec(name) is None]:
        raise MissingDependencyError(
            f"expected {' and '.join(missing)} for the login, found none; pip install 'trafficdiff[login]'"
        )


def _free_port(host: str, port: int) -> int:
    """Return a port on which it can listen.

    Raises
    ------
    InputError
        If the port is taken, or the host is none of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise InputError(
                f"expected to listen on {host}, port {port}, got: {error.strerror or error}; "
                "choose another --port (0 takes any free one), or stop what listens there"
            ) from error
        taken: int = probe.getsockname()[1]
    return taken


def _wait_until_ready(asked: Serving, process: subprocess.Popen[bytes]) -> None:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(asked.host, asked.host)  # noqa: S104 - compared only
    base = urlsplit(asked.public_url or "").path.rstrip("/")
    address = f"http://{f'[{host}]' if ':' in host else host}:{asked.port}{base}/_stcore/health"
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise SimulationError(
                f"expected the dashboard to come up, it ended with code {process.returncode}; its words are above"
            )
        with contextlib.suppress(urllib.error.URLError, OSError), direct.open(address, timeout=5) as answer:
            if answer.status == 200:
                return
        time.sleep(_LOOK_EVERY_S)
    raise SimulationError(f"expected the dashboard to answer at {address} within {_READY_WITHIN_S:g} s, it did not")
