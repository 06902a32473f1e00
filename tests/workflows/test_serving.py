"""The dashboard's server: settings that protect, refused before anything starts, gone when the block ends."""

from __future__ import annotations

import re
import socket
import tomllib
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from trafficdiff.errors import InputError, MissingDependencyError
from trafficdiff.resources import bundled
from trafficdiff.workflows import serving as module
from trafficdiff.workflows.serving import Serving, is_loopback, remarks, server_command, serving

if TYPE_CHECKING:
    from collections.abc import Callable

AUTH = (
    '[auth]\nredirect_uri = "https://a.example/oauth2callback"\ncookie_secret = "0123456789012345678901234567890123"\n'
    'client_id = "a"\nclient_secret = "b"\nserver_metadata_url = "https://login.example/.well-known"\n'
)


def flags_of(asked: Serving) -> dict[str, list[str]]:
    words = server_command(asked)
    flags = words[words.index("run") + 2 : words.index("--")]
    found: dict[str, list[str]] = {}
    for name, value in zip(flags[::2], flags[1::2], strict=True):
        found.setdefault(name.removeprefix("--"), []).append(value)
    return found


def told_by(asked: Serving) -> list[str]:
    words = server_command(asked)
    return words[words.index("--") + 1 :]


def test_every_setting_that_protects_is_given_as_a_flag() -> None:
    flags = flags_of(Serving())
    assert {name: value[0] for name, value in flags.items() if len(value) == 1}.items() >= {
        "server.address": "127.0.0.1",
        "server.enableCORS": "true",
        "server.enableXsrfProtection": "true",
        "server.enableStaticServing": "false",
        "server.maxUploadSize": "20",
        "server.fileWatcherType": "none",
        "server.headless": "true",
        "browser.gatherUsageStats": "false",
        "client.showErrorDetails": "none",
        "logger.hideWelcomeMessage": "true",
    }.items()
    assert flags["server.allowedHosts"] == ["localhost", "127.0.0.1", "::1"]


def test_streamlit_knows_every_flag_and_every_word_of_the_theme() -> None:
    from streamlit import config

    known = set(config._config_options_template)
    assert set(flags_of(Serving(public_url="https://a.example/x", secrets=Path("s.toml")))) <= known
    theme = tomllib.loads(bundled("dashboards/theme.toml").read_text(encoding="utf-8"))

    def words(table: dict[str, object], prefix: str) -> set[str]:
        return {
            name
            for key, value in table.items()
            for name in (words(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key})
        }

    assert words(theme, "") <= known


def test_the_theme_fetches_nothing() -> None:
    assert "http" not in bundled("dashboards/theme.toml").read_text(encoding="utf-8")


def test_pages_are_told_what_visitors_may_do() -> None:
    asked = Serving(
        folder=Path("/x"),
        read_only=True,
        max_jobs=3,
        language="de",
        secrets=Path("s.toml"),
        allow=("@a.example", "b@c.d"),
    )
    assert told_by(asked) == [
        "--folder", "/x", "--max-jobs", "3", "--language", "de", "--read-only", "--login",
        "--allow", "@a.example", "--allow", "b@c.d",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("host", "public", "hosts"),
    [
        ("0.0.0.0", None, ["*"]),
        ("0.0.0.0", "https://a.example", ["localhost", "127.0.0.1", "::1", "a.example"]),
        ("192.0.2.7", None, ["192.0.2.7"]),
        ("127.0.0.1", "https://a.example:8443/traffic", ["localhost", "127.0.0.1", "::1", "a.example"]),
    ],
)
def test_only_names_that_are_known_lead_to_it(host: str, public: str | None, hosts: list[str]) -> None:
    assert flags_of(Serving(host=host, public_url=public))["server.allowedHosts"] == hosts


def test_behind_a_proxy_its_address_and_path_are_the_proxys() -> None:
    asked = Serving(public_url="https://a.example/traffic/")
    flags = flags_of(asked)
    assert flags["server.baseUrlPath"] == ["traffic"]
    assert flags["server.corsAllowedOrigins"] == ["https://a.example"]
    assert asked.url == "https://a.example/traffic/"


@pytest.mark.parametrize(
    ("host", "port", "url"),
    [("127.0.0.1", 1, "http://127.0.0.1:1"), ("0.0.0.0", 2, "http://localhost:2"), ("::1", 3, "http://[::1]:3")],
)
def test_the_address_is_one_that_a_browser_here_can_open(host: str, port: int, url: str) -> None:
    assert Serving(host=host, port=port).url == url


def test_loopback_is_told_from_the_rest() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.1.2.3", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.0.3", "example.org", "localhost.example.org")))


def test_listening_elsewhere_is_said_with_what_visitors_can_do() -> None:
    assert remarks(Serving()) == []
    open_to_all = " ".join(remarks(Serving(host="0.0.0.0")))
    assert "start simulations" in open_to_all
    assert "--secrets" in open_to_all
    assert "start simulations" not in " ".join(remarks(Serving(host="0.0.0.0", read_only=True)))
    assert len(remarks(Serving(host="0.0.0.0", secrets=Path("s.toml")))) == 1


def test_map_pictures_are_told_to_the_pages_and_to_the_person_who_serves() -> None:
    asked = Serving(tiles="https://tiles.example/{z}/{x}/{y}.png", tiles_credit="Example")
    assert "tiles.example" in remarks(asked)[0]
    told = server_command(asked)
    assert told[told.index("--tiles") + 1] == asked.tiles
    assert "--tiles" not in server_command(Serving())


@pytest.mark.parametrize(
    ("tiles", "credit", "said"),
    [
        ("http://tiles.example/{z}/{x}/{y}.png", "Example", "expected https://"),
        ("file:///etc/{z}/{x}/{y}", "Example", "expected https://"),
        ("https://tiles.example/{z}/{x}.png", "Example", "{y}"),
        ("https://tiles.example/{z}/{x}/{y}.png", " ", "--tiles-credit"),
    ],
)
def test_map_pictures_that_nobody_should_fetch_are_refused(tmp_path: Path, tiles: str, credit: str, said: str) -> None:
    asked = Serving(folder=tmp_path, port=0, tiles=tiles, tiles_credit=credit)
    with pytest.raises(InputError, match=re.escape(said)), serving(asked):
        pass


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"folder": Path("/no/such/folder")}, "expected a folder"),
        ({"public_url": "traffic.example"}, "--public-url"),
        ({"public_url": "javascript:alert(1)"}, "--public-url"),
        ({"allow": ("@a.example",)}, "--secrets too"),
        ({"allow": ("everybody",)}, "--allow: expected an address"),
        ({"host": "no such host"}, "expected to listen"),
        ({"host": "192.0.2.254"}, "expected to listen"),
    ],
)
def test_what_cannot_be_served_is_refused_before_anything_starts(
    wrong: dict[str, object], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "running_service", lambda *_, **__: pytest.fail("started"))
    with pytest.raises(InputError, match=said), serving(Serving(**{"port": 0, **wrong})):  # type: ignore[arg-type]
        pass


def test_a_port_that_is_taken_is_refused() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(InputError, match="choose another --port"), serving(Serving(port=other.getsockname()[1])):
            pass


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda text: "", "redirect_uri: expected a text"),
        (lambda text: "[auth", r"expected a TOML file with a table \[auth\]"),
        (lambda text: "auth = 3", "client_id"),
        (lambda text: text.replace("/oauth2callback", "/x"), "oauth2callback"),
        (lambda text: text.replace("0123456789", ""), "cookie_secret: expected at least 32"),
        (lambda text: text.replace("client_secret", "other"), "client_secret"),
    ],
)
def test_secrets_with_which_nobody_could_sign_in_are_refused(
    tmp_path: Path, spoil: Callable[[str], str], said: str
) -> None:
    path = tmp_path / "secrets.toml"
    path.write_text(spoil(AUTH))
    with pytest.raises(InputError, match=said), serving(Serving(folder=tmp_path, port=0, secrets=path)):
        pass


def test_a_login_without_its_package_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secrets.toml"
    path.write_text(AUTH)
    monkeypatch.setattr(module, "_LOGIN_PACKAGES", ("no_such_package",))
    with (
        pytest.raises(MissingDependencyError, match="no_such_package"),
        serving(Serving(folder=tmp_path, port=0, secrets=path)),
    ):
        pass


def test_the_settings_of_a_person_or_a_folder_do_not_reach_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAMLIT_SERVER_ENABLE_AGENT_API", "true")
    monkeypatch.setenv("KEPT", "1")
    environment = module._environment()
    assert environment["KEPT"] == "1"
    assert not [name for name in environment if name.startswith("STREAMLIT_")]


def test_it_answers_while_the_block_lasts_and_nothing_is_left_afterwards(tmp_path: Path) -> None:
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "config.toml").write_text("[server]\nenableXsrfProtection = false\nport = 1\n")
    with serving(Serving(folder=tmp_path, port=0)) as (served, process):
        with urllib.request.urlopen(f"{served.url}/_stcore/health", timeout=10) as answer:
            assert answer.read() == b"ok"
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        assert {c.laddr.ip for c in family[0].net_connections() if c.status == "LISTEN"} == {"127.0.0.1"}
        for outside in ("/../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/app/static/../app.py", "/media/../x"):
            assert b"root:" not in fetched(served.url + outside)
            assert b"import sys" not in fetched(served.url + outside)
    assert not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in family)
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{served.url}/_stcore/health", timeout=5)


def fetched(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            content: bytes = answer.read()
    except urllib.error.HTTPError:
        return b""
    return content
