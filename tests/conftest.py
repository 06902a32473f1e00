"""Fixtures that several rooms share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import settings

from tests import towns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from trafficdiff.datatypes.graph import RoadGraph


settings.register_profile("default", deadline=None)
"""A busy machine is not a fault of the code."""


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The outside data folder; tests that need it skip where it is absent."""
    folder = os.environ.get("TRAFFICDIFF_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("needs the outside data folder; set TRAFFICDIFF_DATA")
    return Path(folder)


@pytest.fixture
def generator() -> np.random.Generator:
    """A generator with a fixed seed."""
    return np.random.default_rng(7)


@pytest.fixture(scope="session")
def cross_net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Net file of the crossroads town (needs netconvert)."""
    return towns.write_cross_net(tmp_path_factory.mktemp("cross"))


@pytest.fixture(scope="session")
def grid_net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Net file of a 4 x 4 grid with signals (needs netgenerate)."""
    return towns.write_grid_net(tmp_path_factory.mktemp("grid"))


@pytest.fixture(scope="session")
def grid_graph(grid_net: Path) -> RoadGraph:
    """The 4 x 4 grid as a road graph."""
    from trafficdiff.roads.netfile import read_net

    return read_net(grid_net, name="grid")


@pytest.fixture
def square_town() -> RoadGraph:
    """Four two-way streets around a block, made by hand without SUMO."""
    return towns.square_town()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window, drawing in software; one for all, since a process has one Playwright at a time."""
    from tests.dashboards.browsing import FLAGS, chromium

    program = chromium()
    if program is None:
        pytest.skip("needs Chromium: on Debian and Ubuntu, apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield started
        started.close()
