"""The charging model: bins, priors, training, draws and its file, on a made network."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from trafficdiff.datatypes.charging_sessions import ChargingSessions
from trafficdiff.datatypes.session_sites import SITE_TYPES, SURROUNDINGS, SessionNetwork, SiteKind
from trafficdiff.diffusion.session_checkpoint import read_session_checkpoint, write_session_checkpoint
from trafficdiff.diffusion.session_laws import declared_law
from trafficdiff.diffusion.session_likelihood import session_losses
from trafficdiff.diffusion.session_prior import SessionPrior, prior_of
from trafficdiff.diffusion.session_rates import SiteRates, rates_of
from trafficdiff.diffusion.session_sampler import PlaceRequest, draw_slots, start_chances, worlds_of
from trafficdiff.diffusion.session_settings import SessionTraining
from trafficdiff.diffusion.session_slots import BINS, DWELL, ENERGY, START, decoded, encoded, middles
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


def test_worlds_differ_and_are_on_average_what_is_expected() -> None:
    prior = prior_of([made_network()])
    kind = SiteKind(site_type="home", power_kw=11.0)
    worlds = worlds_of(prior, 60, generator=np.random.default_rng(0))
    starts = np.array([prior.kinds(kind, world=world).marginals[START] for world in worlds])
    assert starts.sum(axis=1) == pytest.approx(1.0)
    assert starts[:, 8].std() > 0.05
    assert starts.mean(axis=0)[8] == pytest.approx(prior.shares(kind)[START][8], rel=0.15)
    known = [prior.kinds(HOME, network="made", world=world).marginals[START] for world in worlds[:2]]
    assert (known[0] == known[1]).all()


def test_a_law_weighs_little_where_networks_of_a_type_are_alike() -> None:
    alike = [replace(made_network(count=200), name=name) for name in ("a", "b", "c")]
    assert prior_of(alike).law_weight < 0.5


def test_energies_that_nobody_measured_are_the_laws_of_such_stays() -> None:
    shares = prior_of([made_network(energy=False)]).shares(HOME, network="made")[ENERGY]
    law = declared_law(HOME, ENERGY)
    much = middles(ENERGY) > 1.2 * 2 * HOME.power_kw  # in two hours
    assert shares[much].sum() < 0.5 * law[much].sum()
    assert shares.sum() == pytest.approx(1.0)


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


def test_training_learns_what_the_prior_does_not_know() -> None:
    network = made_network()
    trainer = SessionTrainer(
        [network], SessionTraining(sets=4, sessions=8, learning_rate=1e-2, restraint=0.0, observed_share=0.0)
    )
    trainer.corpus.places[0].slots[:, START] = 33  # the prior saw all of them at another hour
    losses = []
    for _ in range(60):
        trainer.spent_s = 10.0  # past the warm-up
        losses.append(trainer.step()["start"])
    assert np.mean(losses[-10:]) < 0.5 * np.mean(losses[:10])


def test_restraint_keeps_what_the_network_adds_small() -> None:
    added = []
    for restraint in (0.0, 100.0):
        trainer = SessionTrainer(
            [made_network(count=60)], SessionTraining(sets=2, sessions=8, learning_rate=1e-2, restraint=restraint)
        )
        for _ in range(15):
            trainer.spent_s = 10.0
            trainer.step()
        added.append(float(trainer.model.hour_head.weight.detach().abs().max()))
    assert added[1] < 0.5 * added[0]


def test_a_set_of_few_sessions_holds_none_twice() -> None:
    trainer = SessionTrainer([made_network(count=5)], SessionTraining(sets=3, sessions=8))
    slots = trainer.corpus.draw(np.random.default_rng(0)).slots
    assert ((slots >= 0).all(-1).sum(-1) == 5).all()


def test_hours_of_a_lone_session_are_those_that_are_drawn(trainer: SessionTrainer) -> None:
    request = asked(HOME, count=4_000, network="made")
    chance = start_chances(trainer.members, [request], prior=trainer.prior)[0]
    (slots,) = draw_slots(trainer.members, [request], prior=trainer.prior, seed=1)
    drawn = np.bincount(slots[:, START], minlength=BINS[START]) / len(slots)
    assert np.abs(drawn - chance).sum() / 2 < 0.1


def test_a_file_brings_back_the_same_draws(trainer: SessionTrainer, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    rates = rates_of([made_network()])
    write_session_checkpoint(path, members=trainer.members, prior=trainer.prior, rates=rates, card={"a": 1})
    back = read_session_checkpoint(path)
    one = draw_slots(back.members, [asked(HOME)], prior=back.prior, seed=1)[0]
    again = draw_slots(read_session_checkpoint(path).members, [asked(HOME)], prior=back.prior, seed=1)[0]
    assert (one == again).all()
    assert back.rates.as_dict() == rates.as_dict()
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
    assert SiteRates.from_dict(rates.as_dict()).as_dict() == rates.as_dict()
    assert SessionPrior.from_dict(prior.as_dict()).shares(HOME, network="made")[START] == pytest.approx(
        prior.shares(HOME, network="made")[START], abs=1e-3
    )


def test_weekly_counts_have_the_mean_that_was_asked_for() -> None:
    rates = SiteRates({}, {}, (), (), (), 0.3, {"a": (0.2, 0.9)}, {})
    counts = rates.counts(np.array([4.0, 20.0]), weeks=4_000, generator=np.random.default_rng(0))
    assert counts.mean(1) == pytest.approx([4.0, 20.0], rel=0.05)
    level = counts[1] - counts[1].mean()
    assert np.mean(level[1:] * level[:-1]) / 20**2 == pytest.approx(0.9 * 0.2**2, rel=0.4)


def test_a_network_that_grows_is_told_from_one_that_does_not() -> None:
    steady = rates_of([made_network(count=40)]).levels["made"]
    growing = made_network(count=400)
    weeks = np.repeat(np.arange(20), np.arange(10, 30))[:390]
    start = growing.sessions.start[:390] - np.arange(390) * np.timedelta64(7, "D") + weeks * np.timedelta64(7, "D")
    sessions = replace(growing.sessions.take(np.arange(400) < 390), start=start, end=start + np.timedelta64(7_200, "s"))
    network = replace(growing, sessions=sessions, place=growing.place[:390])
    assert steady == (0.0, 0.0)
    assert rates_of([network]).levels["made"] > (0.1, 0.5)


def test_losses_of_sessions_are_logarithms_of_chances(trainer: SessionTrainer) -> None:
    """Over all energies the chances of a session add up to that of one whose energy nobody measured."""
    one = made_network(count=1)
    many = made_network(count=BINS[ENERGY])
    energies = np.concatenate([[0.02], middles(ENERGY)[1:]])
    many = replace(many, sessions=replace(many.sessions, energy_kwh=energies))
    unknown = made_network(count=1, energy=False)
    told, hidden = (
        session_losses(trainer.members, network, prior=trainer.prior, known=one) for network in (many, unknown)
    )
    assert np.exp(-told).sum() == pytest.approx(float(np.exp(-hidden[0])), rel=1e-4)
