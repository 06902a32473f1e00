"""Sessions of sites from the shipped charging model: windows, what is given, and what cannot be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from trafficdiff.errors import InputError
from trafficdiff.resources import bundled
from trafficdiff.workflows.charging_model import (
    SHIPPED,
    ChargingSite,
    complete_sessions,
    describe_charging_model,
    draw_sessions,
    open_charging_model,
    rates,
    start_shares,
)

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.diffusion.session_checkpoint import SessionCheckpoint

SITES = (
    ChargingSite(site_type="public", power_kw=22.0, plugs=4, sessions_a_plug_week=20.0),
    ChargingSite(site_type="rapid", power_kw=50.0, plugs=2, sessions_a_plug_week=40.0),
)
HOUR_S = 3600.0


@pytest.fixture(scope="module")
def checkpoint() -> SessionCheckpoint:
    return open_charging_model()


def test_the_header_says_which_model_it_is(checkpoint: SessionCheckpoint) -> None:
    said = describe_charging_model()
    assert checkpoint.sha256[:16] in said
    assert "dundee" in said
    assert bundled(SHIPPED).stat().st_size < 2e6
    assert all(of["licence"] != "not stated" for of in checkpoint.card["networks"])


def test_the_scorecard_belongs_to_the_shipped_model(checkpoint: SessionCheckpoint) -> None:
    card = json.loads(bundled("data/charging_model.scorecard.json").read_text(encoding="utf-8"))
    assert card["checkpoint_sha256"] == checkpoint.sha256
    assert card["cpu_minutes"] == checkpoint.card["training"]["cpu_minutes"]
    assert {name for name in card["folds"] if name.startswith("without ")} == {
        f"without {of['name']}" for of in checkpoint.card["networks"]
    }


def test_sessions_lie_in_the_window_in_order_and_can_be_true(checkpoint: SessionCheckpoint) -> None:
    drawn = draw_sessions(checkpoint, SITES, begin_s=6.25 * HOUR_S, end_s=20.5 * HOUR_S, seed=2)
    assert (np.diff(drawn.arrive_s) >= 0).all()
    assert drawn.arrive_s.min() >= 6.25 * HOUR_S
    assert drawn.arrive_s.max() < 20.5 * HOUR_S
    power_kw = np.array([site.power_kw for site in SITES])[drawn.site]
    assert (drawn.energy_kwh <= power_kw * drawn.dwell_s / HOUR_S + 1e-9).all()
    assert (drawn.state_of_charge + drawn.energy_kwh / drawn.battery_kwh <= 1 + 1e-9).all()
    assert np.median(drawn.dwell_s[drawn.site == 1]) < np.median(drawn.dwell_s[drawn.site == 0])


def test_a_week_holds_as_many_sessions_as_asked_for(checkpoint: SessionCheckpoint) -> None:
    counts = [len(draw_sessions(checkpoint, SITES, begin_s=0, end_s=168 * HOUR_S, seed=seed)) for seed in range(12)]
    assert np.mean(counts) == pytest.approx(160, rel=0.15)


def test_the_same_seed_draws_the_same_and_weeks_wrap(checkpoint: SessionCheckpoint) -> None:
    one, other = (draw_sessions(checkpoint, SITES, begin_s=150 * HOUR_S, end_s=190 * HOUR_S, seed=5) for _ in range(2))
    assert (one.dwell_s == other.dwell_s).all()
    assert one.arrive_s.max() > 168 * HOUR_S


def test_what_is_given_stays(checkpoint: SessionCheckpoint) -> None:
    site, arrive_s = np.array([1, 0, 1]), np.array([9.5, 170.0, 18.0]) * HOUR_S
    dwell_s = np.array([np.nan, 7_200.0, np.nan])
    found = complete_sessions(
        checkpoint, SITES, site=site, arrive_s=arrive_s, dwell_s=dwell_s, battery_kwh=np.full(3, 60.0), seed=1
    )
    assert found.dwell_s[1] == 7_200.0
    assert (found.arrive_s == arrive_s).all()
    assert (found.battery_kwh == 60.0).all()
    assert np.isfinite([found.dwell_s, found.energy_kwh, found.state_of_charge]).all()


def test_longer_stays_take_more(checkpoint: SessionCheckpoint) -> None:
    arrive_s = np.full(400, 9 * HOUR_S)
    means = [
        complete_sessions(
            checkpoint, SITES, site=np.ones(400, np.int64), arrive_s=arrive_s,
            dwell_s=np.full(400, minutes * 60.0), seed=1,
        ).energy_kwh.mean()
        for minutes in (6, 40)
    ]  # fmt: skip
    assert means[0] < 5.0
    assert means[1] > 1.8 * means[0]


def test_shares_of_hours_and_rates_follow_the_type_of_site(checkpoint: SessionCheckpoint) -> None:
    sites = [ChargingSite(site_type=one, power_kw=7.0) for one in ("home", "work", "public")]  # type: ignore[arg-type]
    shares = start_shares(checkpoint, sites)
    assert shares.sum(axis=1) == pytest.approx(1.0)
    weekday = shares[:, :120].reshape(3, 5, 24).sum(axis=1)
    assert weekday[1].argmax() < 12 <= weekday[0].argmax()
    assert (rates(checkpoint, sites) > 0).all()
    assert rates(checkpoint, SITES) == pytest.approx([20.0, 40.0])


def test_everything_that_cannot_be_is_named_at_once(checkpoint: SessionCheckpoint) -> None:
    bad = [
        ChargingSite(site_type="street", power_kw=7.0),  # type: ignore[arg-type]
        ChargingSite(site_type="home", power_kw=-7.0, plugs=0),
    ]
    with pytest.raises(InputError) as caught:
        rates(checkpoint, bad)
    assert all(text in str(caught.value) for text in ("'street'", "-7", "at least one plug"))
    with pytest.raises(InputError, match="ends after it begins"):
        draw_sessions(checkpoint, SITES, begin_s=10, end_s=10, seed=0)
    with pytest.raises(InputError) as caught:
        complete_sessions(
            checkpoint, SITES, site=np.array([0, 7]), arrive_s=np.array([np.nan, 0.0]),
            dwell_s=np.array([-1.0, 5.0]), seed=0,
        )  # fmt: skip
    assert all(text in str(caught.value) for text in ("positions of 2 sites", "arrivals", "dwells"))


def test_a_file_of_another_model_is_refused(tmp_path: Path) -> None:
    demand = bundled("data/demand_model.safetensors")
    for opened in (open_charging_model, describe_charging_model):
        with pytest.raises(InputError, match="charging model"):
            opened(demand)
        with pytest.raises(InputError):
            opened(tmp_path / "none.safetensors")
