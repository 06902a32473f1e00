"""A run is started, watched and stopped in the browser; a reload finds it again."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dashboards.browsing import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.sumo]

RUNNING, STOPPED = re.compile("Running$"), re.compile("Stopped$")
"""Badges: the name of an icon stands before the word."""


def job_processes(folder: Path) -> list[psutil.Process]:
    """Return the processes at work on a folder."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(str(folder) in word for word in process.info["cmdline"] or ())
    ]


def test_a_study_is_started_watched_reloaded_and_stopped(visitor: Visitor, workplace: Path) -> None:
    visitor.open("run", draft="scenarios/base.yaml")
    visitor.tab.get_by_role("spinbutton", name="Samples of each").fill("500")
    visitor.tab.keyboard.press("Tab")
    visitor.settle()
    name = visitor.tab.get_by_role("textbox", name="Name of the result")
    name.fill("long study")
    name.press("Enter")
    visitor.settle()
    visitor.tab.get_by_role("button", name="Start", exact=True).click()
    main = visitor.tab.get_by_test_id("stMain")
    main.get_by_text(RUNNING).first.wait_for()
    status = workplace / "studies" / "long study.status.json"
    until = time.monotonic() + 60
    while not (status.exists() and json.loads(status.read_text())["progress"] > 0):
        assert time.monotonic() < until
        time.sleep(0.2)
    main.get_by_test_id("stProgress").first.wait_for()

    address = visitor.tab.url
    visitor.tab.reload()
    main.get_by_text(RUNNING).first.wait_for()
    assert visitor.tab.url == address
    main.get_by_text("long study", exact=True).first.wait_for()

    main.get_by_role("button", name="Stop").first.click()
    visitor.tab.get_by_role("button", name="Stop it").click()
    main.get_by_text(STOPPED).first.wait_for()
    until = time.monotonic() + 30
    while job_processes(workplace / "studies" / "long study"):
        assert time.monotonic() < until, "something is still at work"
        time.sleep(0.2)
    visitor.tab.reload()
    main.get_by_text(STOPPED).first.wait_for()
    visitor.assert_sound()
