"""Fixtures of the store: one small run, stored once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.store.runs import make_content
from trafficdiff.store.writing import write_run

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.store.content import RunContent


@pytest.fixture(scope="session")
def content(tmp_path_factory: pytest.TempPathFactory) -> RunContent:
    """A small run that is not stored."""
    return make_content(tmp_path_factory.mktemp("content"))


@pytest.fixture(scope="session")
def run_directory(tmp_path_factory: pytest.TempPathFactory, content: RunContent) -> Path:
    """The same run, stored; tests leave it as it is."""
    directory = tmp_path_factory.mktemp("stored") / "run"
    write_run(directory, content)
    return directory
