"""The charging model: bins, priors, training, draws and its file, on a made network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from trafficdiff.datatypes.charging_sessions import ChargingSessions
from trafficdiff.datatypes.session_sites import SITE_TYPES, SURROUNDINGS, SessionNetwork, SiteKind
from trafficdiff.diffusion.session_checkpoint import read_session_checkpoint, write_session_checkpoint
from trafficdiff.diffusion.session_prior import SessionPrior, declared_law, prior_of
from trafficdiff.diffusion.session_rates import SiteRates, rates_of
from trafficdiff.diffusion.session_sampler import PlaceRequest, draw_slots
from trafficdiff.diffusion.session_settings import SessionTraining
from trafficdiff.diffusion.session_slots import BINS, DWELL, ENERGY, START, decoded, encoded
from trafficdiff.diffusion.session_training import SessionTrainer
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

HOME = SiteKind(site_type="home", power_kw=7.4)
RAPID = SiteKind(site_type="rapid", power_kw=50.0)
NOWHERE = np.full(len(SURROUNDINGS), np.nan)


def made_network(*, count: int = 400, energy: bool = True) -> SessionNetwork:
    """Return a network where everybody plugs in on Monday at eight for two hours and takes 6 kWh."""
    start = np.datetime64("2018-01-01T08:00:00", "s") + np.arange(count) * np.timedelta64(7 * 86_400, "s")
    text = np.full(count, "a")
    sessions = ChargingSessions(
        time_zone="UTC", source=text, site=text, charger=text, plug=text, user=text, model=text, start=start,
        end=start + np.timedelta64(7_200, "s"), energy_kwh=np.full(count, 6.0 if energy else np.nan),
        longitude_deg=np.full(count, np.nan), latitude_deg=np.full(count, np.nan),
    )  # fmt: skip
    return SessionNetwork(
        name="made", sessions=sessions, place=np.zeros(count, np.int64), site=np.array(["a"]), kinds=(HOME,),
        plugs=np.array([1]), surroundings=NOWHERE[None],
    )  # fmt: skip


def asked(kind: SiteKind, *, count: int = 300, network: str | None = None) -> PlaceRequest:
    return PlaceRequest(
        kind=kind, count=count, sessions_a_plug_week=float("nan"), surroundings=NOWHERE, network=network
    )


@pytest.fixture(scope="module")
def trainer() -> SessionTrainer:
    trainer = SessionTrainer([made_network()], SessionTraining(sets=2, sessions=8))
    for _ in range(3):
        trainer.step()
    return trainer


def test_what_is_drawn_from_a_bin_lies_in_that_bin() -> None:
    generator = np.random.default_rng(0)
    slots = np.stack([generator.integers(0, bins, 2_000) for bins in BINS], axis=1)
    start_s, dwell_s, energy_kwh = decoded(slots, generator)
    again = encoded((start_s // 3600).astype(np.int64), dwell_s, energy_kwh)
    assert (again == slots).all()


def test_an_energy_that_was_not_measured_has_no_bin() -> None:
    assert encoded(np.array([0]), np.array([60.0]), np.array([np.nan]))[0, ENERGY] == -1


@pytest.mark.parametrize("site_type", SITE_TYPES)
@pytest.mark.parametrize("slot", [START, DWELL, ENERGY])
def test_each_law_is_a_probability(site_type: str, slot: int) -> None:
    law = declared_law(SiteKind(site_type=site_type, power_kw=7.0), slot)  # type: ignore[arg-type]
    assert law.min() > 0
    assert law.sum() == pytest.approx(1.0)


def test_a_network_expects_what_it_showed_and_another_kind_of_site_less_so() -> None:
    prior = prior_of([made_network()])
    own = prior.shares(HOME, network="made")[START][8]
    same, other = (prior.shares(kind)[START][8] for kind in (HOME, RAPID))
    assert own > same > other


def test_energies_that_nobody_measured_leave_the_law_alone() -> None:
    prior = prior_of([made_network(energy=False)])
    assert prior.shares(HOME)[ENERGY] == pytest.approx(declared_law(HOME, ENERGY))


def test_a_drawn_session_takes_no_more_than_its_plug_can_give(trainer: SessionTrainer) -> None:
    (slots,) = draw_slots(trainer.members, [asked(HOME)], prior=trainer.prior, seed=1)
    _, dwell_s, energy_kwh = decoded(slots, np.random.default_rng(0))
    late = energy_kwh > 1.5 * 1.4 * HOME.power_kw * dwell_s / 3600 + 0.1
    assert late.mean() < 0.2  # a dwell that is revealed after the energy is told of it, not bound by it
    assert (slots >= 0).all()
    assert (slots < BINS).all()


def test_given_slots_stay_and_a_seed_draws_the_same_again(trainer: SessionTrainer) -> None:
    given = np.full((40, 3), -1, np.int64)
    given[:, START] = 8
    request = PlaceRequest(
        kind=HOME, count=40, sessions_a_plug_week=1.0, surroundings=NOWHERE, network="made", given=given
    )
    one, other = (draw_slots(trainer.members, [request], prior=trainer.prior, seed=3)[0] for _ in range(2))
    assert (one[:, START] == 8).all()
    assert (one == other).all()


def test_training_lowers_the_loss_of_sessions_that_are_all_alike() -> None:
    trainer = SessionTrainer([made_network()], SessionTraining(sets=4, sessions=8, learning_rate=1e-2))
    losses = []
    for _ in range(60):
        trainer.spent_s = 10.0  # past the warm-up
        losses.append(sum(trainer.step().values()))
    assert np.mean(losses[-10:]) < 0.5 * np.mean(losses[:10])


def test_a_file_brings_back_the_same_draws(trainer: SessionTrainer, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    rates = rates_of([made_network()])
    write_session_checkpoint(path, members=trainer.members, prior=trainer.prior, rates=rates, card={"a": 1})
    back = read_session_checkpoint(path)
    one = draw_slots(back.members, [asked(HOME)], prior=back.prior, seed=1)[0]
    again = draw_slots(read_session_checkpoint(path).members, [asked(HOME)], prior=back.prior, seed=1)[0]
    assert (one == again).all()
    assert back.rates == rates
    assert back.card == {"a": 1}


def test_a_file_that_lost_a_bit_is_refused(trainer: SessionTrainer, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    write_session_checkpoint(
        path, members=trainer.members, prior=trainer.prior, rates=rates_of([made_network()]), card={}
    )
    content = bytearray(path.read_bytes())
    content[-9] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        read_session_checkpoint(path)


def test_weights_that_are_not_finite_are_not_written(tmp_path: Path) -> None:
    trainer = SessionTrainer([made_network()], SessionTraining(sets=2, sessions=8))
    with torch.no_grad():
        trainer.average.hour_head.bias[0] = float("nan")
    with pytest.raises(InputError, match="finite"):
        write_session_checkpoint(
            tmp_path / "model.safetensors",
            members=trainer.members,
            prior=trainer.prior,
            rates=rates_of([made_network()]),
            card={},
        )
    assert not (tmp_path / "model.safetensors").exists()


def test_plain_values_bring_back_prior_and_rates() -> None:
    prior, rates = prior_of([made_network()]), rates_of([made_network()])
    assert SiteRates.from_dict(rates.as_dict()) == rates
    assert SessionPrior.from_dict(prior.as_dict()).shares(HOME, network="made")[START] == pytest.approx(
        prior.shares(HOME, network="made")[START], abs=1e-3
    )


def test_weekly_counts_have_the_mean_that_was_asked_for() -> None:
    rates = SiteRates({}, (), (), (), 0.3)
    counts = rates.counts(np.array([4.0, 20.0]), weeks=4_000, generator=np.random.default_rng(0))
    assert counts.mean(1) == pytest.approx([4.0, 20.0], rel=0.05)
