"""A privacy audit passes a model that learned how people travel, and catches one that learned who travelled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.workflows.test_model_trips import grid_town
from trafficdiff.datatypes.selection import take_trips
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES
from trafficdiff.diffusion.checkpoint import Checkpoint
from trafficdiff.diffusion.settings import NetworkSettings, TrainingSettings
from trafficdiff.diffusion.training import Trainer
from trafficdiff.errors import InputError
from trafficdiff.metrics.privacy_gates import LIMITS
from trafficdiff.resources import bundled
from trafficdiff.workflows.baselines import Weights, evenly
from trafficdiff.workflows.model_trips import city_of
from trafficdiff.workflows.privacy import Held, audit, names_of, privacy
from trafficdiff.workflows.privacy_card import audits_in, privacy_card
from trafficdiff.workflows.privacy_control import copying
from trafficdiff.workflows.privacy_models import scene_of
from trafficdiff.workflows.privacy_trips import equal_halves, halves, nearness_attack, od_table, trip_gates

if TYPE_CHECKING:
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.workflows.model_demand import City

WINDOW_S = (25_200.0, 28_800.0)
SMALL = NetworkSettings(width=48, heads=4, zone_blocks=1, agent_blocks=2, edge_width=16)


@pytest.fixture(scope="module")
def city() -> City:
    return city_of(grid_town(8))


def people(city: City, count: int, *, seed: int) -> TripSet:
    """Trips of people of whom no two are alike: any street to any other, at any time of an hour."""
    return evenly(
        city.graph, count, weights=Weights(), kind=VEHICLE_TYPES["car"], window_s=WINDOW_S,
        generator=np.random.default_rng(seed),
    )  # fmt: skip


@pytest.fixture(scope="module")
def held(city: City) -> Held:
    return Held(*halves(people(city, 4_000, seed=1), generator=np.random.default_rng(2)))


def test_halves_have_one_size_and_nobody_in_common(city: City) -> None:
    one, other = halves(people(city, 41, seed=3), generator=np.random.default_rng(0))
    assert (len(one), len(other)) == (20, 20)
    assert not set(one.trip_id) & set(other.trip_id)
    few = equal_halves(one, take_trips(other, np.arange(7)), generator=np.random.default_rng(0), most=30)
    assert [len(part) for part in few] == [7, 7]


def test_copies_are_the_trips_dealt_out_evenly(held: Held) -> None:
    copies = copying(held.training, 2 * len(held.training) + 3, generator=np.random.default_rng(0))
    assert len(copies) == 2 * len(held.training) + 3
    times, counts = np.unique(copies.depart_s, return_counts=True)
    assert set(times) == set(held.training.depart_s)
    assert counts.min() >= 2
    assert od_table(copies).sum() == len(copies)


def test_copies_fail_every_gate_and_strangers_pass_them(held: Held, city: City) -> None:
    copies = copying(held.training, 2_000, generator=np.random.default_rng(0))
    assert not any(gate.passed for gate in trip_gates(copies, held.training, held.held_out))
    assert nearness_attack(copies, held.training, held.held_out).auc == 1
    strangers = people(city, 5_000, seed=4)
    assert all(gate.passed for gate in trip_gates(strangers, held.training, held.held_out) if gate.decides)
    assert nearness_attack(strangers, held.training, held.held_out).auc_interval.high < 0.55


def test_files_are_audited_without_any_model(held: Held, city: City) -> None:
    found = audit(held, generated={"strangers": people(city, 4_000, seed=4)}, city=city, control_cpu_minutes=0)
    assert [(row.name, row.control, row.passed) for row in found.rows] == [
        ("strangers", False, True), ("copying control", True, False),
    ]  # fmt: skip
    assert found.controls_fail
    card = privacy_card([found], made_with=["trafficdiff privacy ..."])
    assert {row.key for row in card.rows} <= set(LIMITS)
    assert all(row.control_fails for row in card.rows)
    assert [one.as_dict() for one in audits_in(card)] == [found.as_dict()]


def test_too_few_trips_and_nothing_to_audit_are_refused(held: Held, tmp_path: Path) -> None:
    few = take_trips(held.training, np.arange(19))
    with pytest.raises(InputError, match="at least 20 trips"):
        audit(Held(few, held.held_out))
    with pytest.raises(InputError, match="--model or --generated"):
        privacy("net", routes=tmp_path / "a", held_out=tmp_path / "b")
    with pytest.raises(InputError, match="--held-out"):
        privacy("net", routes=tmp_path / "a", generated=[tmp_path / "b"])
    with pytest.raises(InputError, match="leave --reference out"):
        privacy("net", routes=tmp_path / "a", reference=tmp_path / "b")
    same = bundled("data/demand_model.safetensors")
    with pytest.raises(InputError, match="another model than the audited one"):
        privacy("net", routes=tmp_path / "a", held_out=tmp_path / "b", model=same, reference=same)


def test_files_of_one_name_stay_apart() -> None:
    one, other, third = (Path(name) for name in ("/x/a/model.safetensors", "/x/b/model.safetensors", "trips.parquet"))
    assert names_of([one, third]) == {one: "model.safetensors", third: "trips.parquet"}
    assert set(names_of([one, other, one]).values()) == {"a/model.safetensors", "b/model.safetensors"}


@pytest.mark.slow
def test_an_honest_model_passes_and_one_that_memorises_fails_every_gate(held: Held, city: City) -> None:
    settings = TrainingSettings(calibrated_share=1.0, scenes=1, cpu_minutes=1)
    trainer = Trainer([scene_of(city, held.training)], SMALL, settings)
    for step in range(60):  # the same steps on every machine
        trainer.spent_s = step
        trainer.step()
    honest = Checkpoint(tuple(trainer.members), trainer.scaling, {}, "0" * 64)
    found = audit(
        held, models={"honest": honest}, city=city, control_trips=24, control_cpu_minutes=0.3, control_network=SMALL
    )
    rows = {row.name: row for row in found.rows}
    assert rows["honest"].passed, [gate for gate in rows["honest"].gates if not gate.passed]
    assert rows["memorising control"].caught, [gate for gate in rows["memorising control"].gates if gate.passed]
    assert rows["copying control"].caught
    assert found.passed
    assert found.controls_fail
