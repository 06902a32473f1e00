"""A served workplace and a real browser before it; whatever leaves the machine fails the test."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.commands import PROGRAM
from tests.dashboards.browsing import Visitor
from tests.dashboards.workplace import make_charging, make_safety, shared_workplace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext


@pytest.fixture(scope="session")
def made_workplace(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The finished workplace, one for all workers; nobody writes into it."""
    base = tmp_path_factory.getbasetemp()
    return shared_workplace((base if worker_id == "master" else base.parent) / "workplace")


@pytest.fixture(scope="session")
def workplace(made_workplace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy for this worker: tests save files and start runs in it."""
    return shutil.copytree(made_workplace, tmp_path_factory.mktemp("served") / "city")


@pytest.fixture(scope="session")
def charging_place(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder with a study in which cars charge, one for all workers; nobody writes into it."""
    base = tmp_path_factory.getbasetemp()
    return shared_workplace((base if worker_id == "master" else base.parent) / "charging", make_charging)


@pytest.fixture(scope="session")
def safety_place(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder with a study that recorded how safe it was, one for all workers; nobody writes into it."""
    base = tmp_path_factory.getbasetemp()
    return shared_workplace((base if worker_id == "master" else base.parent) / "safety", make_safety)


@pytest.fixture(scope="session")
def address(workplace: Path) -> Iterator[str]:
    """Where ``trafficdiff serve`` shows the workplace."""
    with served(workplace) as found:
        yield found


@contextlib.contextmanager
def served(folder: Path, *options: str) -> Iterator[str]:
    """Serve a folder on a free port, as a user does."""
    command = [PROGRAM, "serve", folder, "--port", "0", "--json", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture
def look(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What is special about the visitor's browser; given by ``parametrize(..., indirect=True)``."""
    return dict(getattr(request, "param", {}))


@pytest.fixture
def context(browser: Browser, look: dict[str, Any]) -> Iterator[BrowserContext]:
    """A browser of a new visitor, 1440 x 900, in English unless `look` says otherwise."""
    settings: dict[str, Any] = {
        "viewport": {"width": 1440, "height": 900}, "locale": "en-GB", "timezone_id": "Europe/Helsinki",
        "reduced_motion": "reduce",
    }  # fmt: skip
    made = browser.new_context(**(settings | look))
    yield made
    made.close()


@pytest.fixture
def visitor(context: BrowserContext, address: str) -> Iterator[Visitor]:
    """Somebody who uses the dashboard; fails the test at its end where a request left the machine."""
    visitor = Visitor(context, address)
    yield visitor
    assert visitor.left_the_machine == []
    assert visitor.script_errors == []


@pytest.fixture(autouse=True)
def _own_main(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the main module back: Streamlit's `AppTest` leaves the app in its place, and new processes would run it."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
