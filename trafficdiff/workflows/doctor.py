"""Look at the machine for everything that trafficdiff needs."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import shutil
import socket
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trafficdiff import __version__
from trafficdiff.errors import TrafficdiffError
from trafficdiff.process import run_program, sumo_program
from trafficdiff.resources import bundled_places

__all__ = ["Check", "examine"]

_PACKAGES: Final = (
    "torch", "eclipse-sumo", "libsumo", "traci", "sumolib", "networkx", "geopandas", "osmnx", "osmium", "xarray",
    "zarr", "pyarrow", "scipy", "streamlit",
)  # fmt: skip
_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "firefox")
_DASHBOARD_PORT: Final = 8501


@dataclass(frozen=True)
class Check:
    """Say how one thing was found.

    Parameters
    ----------
    name, found
        What was looked for, and what is there.
    ok
        Whether it will do.
    needed
        Whether simulations need it; the rest is for parts of the program.
    """

    name: str
    found: str
    ok: bool
    needed: bool = True


def examine() -> list[Check]:
    """Return every check, needed ones first."""
    checks = [
        Check("trafficdiff", __version__, ok=True),
        Check("python", platform.python_version(), ok=sys.version_info >= (3, 11)),
        *(_package(name) for name in _PACKAGES),
        _torch_build(),
        _sumo(),
        Check("bundled cities", ", ".join(bundled_places()) or "none", ok=bool(bundled_places())),
        _disk(),
        *_checkpoints(),
        _browser(),
        _port(),
    ]
    return sorted(checks, key=lambda check: not check.needed)


def _package(name: str) -> Check:
    try:
        return Check(name, importlib.metadata.version(name), ok=True)
    except importlib.metadata.PackageNotFoundError:
        return Check(name, f"not installed; pip install {name}", ok=False)


def _torch_build() -> Check:
    """Load torch in a process of its own: it is slow, and a broken build must not break the doctor."""
    question = (
        "import torch; device = torch.cuda.get_device_name() if torch.cuda.is_available() else 'CPU'; "
        "print(torch.__version__, device, torch.get_num_threads(), 'threads')"
    )
    ok, said = _ask([sys.executable, "-c", question])
    return Check("torch build", said, ok=ok)


def _sumo() -> Check:
    try:
        ok, said = _ask([sumo_program("sumo"), "--version"])
    except TrafficdiffError as error:
        ok, said = False, str(error)
    return Check("SUMO program", said, ok=ok)


def _ask(command: list[str | Path]) -> tuple[bool, str]:
    """Run a command and return whether it succeeded, and the first line that it said."""
    with tempfile.TemporaryDirectory() as folder:
        finished = run_program(command, log=Path(folder) / "log", deadline_s=60)
    return finished.returncode == 0, (finished.output.splitlines() or ["says nothing"])[0]


def _disk() -> Check:
    free_gb = shutil.disk_usage(Path.cwd()).free / 1e9
    return Check("free disk here", f"{free_gb:.1f} GB", ok=free_gb > 1)


def _checkpoints() -> list[Check]:
    """Read the shipped checkpoints in a process of its own, as they need torch."""
    question = (
        "import json; from trafficdiff.errors import TrafficdiffError; "
        "from trafficdiff.workflows.charging_model import describe_charging_model, open_charging_model\n"
        "from trafficdiff.workflows.model_trips import describe_checkpoint\n"
        "def charging(): open_charging_model(); return describe_charging_model()\n"
        "def said(about):\n"
        "    try: return True, about()\n"
        "    except TrafficdiffError as error: return False, str(error)\n"
        "print(json.dumps([said(describe_checkpoint), said(charging)]))"
    )
    ok, answer = _ask([sys.executable, "-c", question])
    (demand, one), (charging, other) = json.loads(answer) if ok else ((False, answer), (False, answer))
    return [
        Check("model checkpoint", one if demand else f"{one}; until then use demand of kind gravity", ok=demand),
        Check("charging model", other, ok=charging, needed=False),
    ]


def _browser() -> Check:
    found = next((name for name in _BROWSERS if shutil.which(name)), None)
    return Check(
        "browser",
        found or "none on the path; needed for the dashboard's tests only",
        ok=found is not None,
        needed=False,
    )


def _port() -> Check:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", _DASHBOARD_PORT))
        except OSError:
            return Check("port 8501", "taken; the dashboard will need another one", ok=False, needed=False)
    return Check("port 8501", "free", ok=True, needed=False)
