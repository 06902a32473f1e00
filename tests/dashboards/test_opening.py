"""What is opened is shared by content, read anew when it changes, and kept in a folder that nobody depends on."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
import xarray as xr

from dashboards.shell import opening
from tests.dashboards.workplace import RUN, RUNS, STUDY
from trafficdiff.errors import InputError, TrafficdiffError
from trafficdiff.workflows.compare import compare

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.sumo, pytest.mark.slow]
CLOSED = "Kaivokatu closed"


@pytest.fixture
def folder(workplace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the study and the run, as the dashboard's folder."""
    for name in (STUDY, RUN):
        shutil.copytree(workplace / name, tmp_path / name)
    monkeypatch.setattr(sys, "argv", ["app.py", "--folder", str(tmp_path)])
    return tmp_path


def test_a_study_is_opened_once_and_again_when_it_changes(folder: Path) -> None:
    first = opening.open_study_cached(STUDY)
    assert opening.open_study_cached(STUDY) is first
    assert first.finished
    assert first.count == first.asked == RUNS
    (folder / STUDY / "outcome.json").unlink()
    later = opening.open_study_cached(STUDY)
    assert later is not first
    assert not later.finished
    assert later.key != first.key


def test_the_parts_are_those_of_the_comparison_that_the_command_makes(folder: Path) -> None:
    whole = compare(folder / STUDY, scenario=CLOSED)
    pair = opening.comparison_of(opening.open_study_cached(STUDY), base="base", scenario=CLOSED)
    assert pair.numbers.reset_index(drop=True).equals(whole.kpis)
    for _ in range(2):  # made, then from the folder
        edges, intervals = pair.roads
        zones, fates = pair.trips
        assert edges.equals(whole.edges)
        xr.testing.assert_identical(intervals.drop_attrs(), whole.intervals.drop_attrs())
        assert zones.equals(whole.zones)
        assert dict(fates) == dict(whole.fates)
        assert pair.ranking("mean_trip_time").equals(whole.ranking)
        pair = opening.Compared(pair.opened, pair.pair)
    assert len(list((folder / opening.CACHE / "comparisons").iterdir())) == 2


def test_a_spoilt_part_is_made_anew(folder: Path) -> None:
    pair = opening.comparison_of(opening.open_study_cached(STUDY), base="base", scenario=CLOSED)
    edges = opening.Compared(pair.opened, pair.pair).roads[0]
    kept = next((folder / opening.CACHE / "comparisons").glob("roads-*/edges.parquet"))
    kept.write_bytes(b"not what it was")
    assert opening.Compared(pair.opened, pair.pair).roads[0].equals(edges)
    assert kept.read_bytes()[:4] == b"PAR1"


def test_a_folder_that_cannot_be_written_is_shown_all_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "elsewhere"))
    pair = opening.comparison_of(opening.open_study_cached(STUDY), base="base", scenario=CLOSED)
    assert len(opening.Compared(pair.opened, pair.pair).roads[0])
    assert not (folder / opening.CACHE).exists()


def test_a_run_looks_like_a_study_of_one_sample(folder: Path) -> None:
    opened = opening.run_of(RUN)
    assert opened.runs == {"base": (0,)}
    assert dict(opened.results["delay"].sizes).keys() == {"scenario", "sample", "time", "edge"}
    with pytest.raises(InputError, match="single run"):
        opening.comparison_of(opened, base="base", scenario="base")


def test_nothing_outside_the_folder_is_opened(folder: Path) -> None:
    for name in ("../secret", "/etc", ".trafficdiff", "studies/../../x"):
        with pytest.raises(TrafficdiffError):
            opening.open_study_cached(name)
        with pytest.raises(TrafficdiffError):
            opening.run_of(name)
