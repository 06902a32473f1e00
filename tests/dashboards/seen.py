"""Run one page as the app does, and tell what a reader sees."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from streamlit.testing.v1 import AppTest

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

WAIT_S = 240


def _page(name: str) -> None:
    import importlib

    importlib.import_module(f"dashboards.pages.{name}").show()


def opened(page: str, folder: Path, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    """Return a page that has been drawn once, on a folder, for a link with a query; it shows no error."""
    return sound(drawn(page, folder, monkeypatch, **query))


def drawn(page: str, folder: Path, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    """Return a page that has been drawn once, whatever it shows."""
    monkeypatch.setattr(sys, "argv", ["app.py", "--folder", str(folder), "--language", "en"])
    test = AppTest.from_function(_page, args=(page,), default_timeout=WAIT_S)
    for key, value in query.items():
        test.query_params[key] = value
    return test.run()


def sound(test: AppTest) -> AppTest:
    """Return a page that showed no error."""
    assert not test.exception, [error.message for error in test.exception]
    assert not test.error, [error.value for error in test.error]
    return test


def again_cpu_s(test: AppTest, *, times: int = 5) -> float:
    """Return the least processor time that drawing the page once more takes [s]."""
    spent = []
    for _ in range(times):
        begun = time.process_time()
        test.run()
        spent.append(time.process_time() - begun)
    sound(test)
    return min(spent)


def texts(test: AppTest) -> str:
    """Return what captions, text and cards say."""
    parts = [element.value for kind in (test.markdown, test.caption, test.info, test.subheader) for element in kind]
    parts += [str(element.proto.body) for element in test.get("html")]
    return "\n".join(map(str, parts))
