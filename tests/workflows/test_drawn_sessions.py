"""Weeks of sessions, real and drawn, are the same kind of thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.session_towns import write_town
from trafficdiff.datatypes.session_sites import read_network
from trafficdiff.workflows.drawn_sessions import Weeks, mixture_weeks, real_weeks, resampled_weeks

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Weeks:
    folder: Path = tmp_path_factory.mktemp("sessions")
    return real_weeks(read_network(write_town(folder, "trondheim", weeks=6)))


def test_real_weeks_begin_on_monday(real: Weeks) -> None:
    assert real.count == 6
    assert set(np.unique(real.hour % 24)) == {9}
    assert np.bincount(real.week).tolist() == [42] * 6


def test_the_first_and_last_week_can_be_left_out(tmp_path: Path) -> None:
    assert real_weeks(read_network(write_town(tmp_path, "dundee", weeks=6)), whole=True).count == 4


def test_resampled_weeks_are_copies_of_the_size_asked_for(real: Weeks) -> None:
    drawn = resampled_weeks(real, weeks=40, sessions_a_week=84, seed=0)
    assert len(drawn.week) / drawn.count == pytest.approx(84)
    assert set(drawn.start_s) <= set(real.start_s)
    thinned = resampled_weeks(real, weeks=40, sessions_a_week=21, seed=0)
    assert len(thinned.week) / thinned.count == pytest.approx(21, rel=0.1)


def test_a_mixture_has_the_means_of_what_it_was_fitted_to(real: Weeks) -> None:
    drawn = mixture_weeks(real, weeks=20, sessions_a_week=42, seed=0)
    assert drawn.dwell_s.mean() == pytest.approx(real.dwell_s.mean(), rel=0.05)
    assert drawn.energy_kwh.mean() == pytest.approx(real.energy_kwh.mean(), rel=0.1)


def test_a_mixture_of_sessions_without_energies_has_none(tmp_path: Path) -> None:
    bare = real_weeks(read_network(write_town(tmp_path, "hamburg_train", weeks=3)))
    assert np.isnan(mixture_weeks(bare, weeks=2, sessions_a_week=42, seed=0).energy_kwh).all()
