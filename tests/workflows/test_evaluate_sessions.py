"""The scorecard of the charging model has every row, and tells a good generator from a bad one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.session_towns import write_sites, write_town
from trafficdiff.datatypes.session_sites import read_network
from trafficdiff.errors import InputError
from trafficdiff.workflows.drawn_sessions import Weeks, real_weeks
from trafficdiff.workflows.evaluate_sessions import SessionScorecard, evaluate_sessions
from trafficdiff.workflows.session_scores import mean_with_margin, scores


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> SessionScorecard:
    folder = tmp_path_factory.mktemp("sessions")
    files = [
        write_town(folder, "dundee", weeks=6),
        write_town(folder, "trondheim", hour=18, dwell_min=600, weeks=6),
        write_town(folder, "hamburg_train", sites=12, weeks=4),
    ]
    return evaluate_sessions(files, sites=write_sites(folder, sites=12), cpu_minutes=0.003, replicates=5)


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> Weeks:
    return real_weeks(read_network(write_town(tmp_path_factory.mktemp("weeks"), "dundee", weeks=6)))


@pytest.mark.slow
def test_each_fold_has_the_model_every_baseline_and_the_floor(card: SessionScorecard) -> None:
    assert len(card.folds) == 6
    left_out, held = card.folds["without dundee"], card.folds["held-out weeks of dundee"]
    assert list(left_out) == [
        "model", "Gaussian mixture of the others", "copy trondheim", "copy hamburg_train", "floor: odd and even weeks",
    ]  # fmt: skip
    assert list(held) == ["model", "Gaussian mixture", "resample the training weeks", "floor: odd and even weeks"]
    assert held["resample the training weeks"].values["near_duplicates"] == 1.0
    assert held["model"].values["near_duplicates"] < 1.0
    assert np.isnan(card.folds["without hamburg_train"]["model"].values["w1_energy_kwh"])


@pytest.mark.slow
def test_the_figures_carry_margins_and_goals(card: SessionScorecard) -> None:
    assert card.folds["held-out weeks of dundee"]["model"].margins["jsd168"] > 0
    assert list(card.sites) == [
        "model", "copy the nearest site", "copy a site at random", "mean of the training sites",
    ]  # fmt: skip
    assert card.counts["held-out sites"] == 3
    assert "held-out weeks of dundee: jsd168 within 3 times the floor" in card.goals
    assert "without dundee: w1_dwell_h ahead of every copy" in card.goals


def test_the_same_weeks_score_nothing_and_shifted_ones_their_shift(weeks: Weeks) -> None:
    same = scores(weeks, weeks, trained=weeks, replicates=20)
    assert same.values["jsd168"] == pytest.approx(0, abs=1e-12)
    assert same.values["near_duplicates"] == 1.0
    later = Weeks(weeks.count, weeks.week, weeks.start_s, weeks.dwell_s + 3600, weeks.energy_kwh + 2)
    found = scores(later, weeks, replicates=20)
    assert found.values["w1_dwell_h"] == pytest.approx(1.0)
    assert found.values["w1_energy_kwh"] == pytest.approx(2.0)
    assert 0 < found.margins["w1_energy_kwh"] < 0.6
    assert found.values["crps"] > same.values["crps"]


def test_errors_that_are_all_alike_have_no_margin() -> None:
    assert mean_with_margin(np.full(9, 0.2), replicates=50) == (pytest.approx(0.2), pytest.approx(0))


def test_one_network_cannot_be_left_out(tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(InputError, match="at least two"):
        evaluate_sessions([write_town(tmp_path_factory.mktemp("one"), "dundee", weeks=2)], cpu_minutes=0.001)
