"""Make the models that a privacy audit must catch: one that memorises, and one that copies.

A gate that lets them pass says nothing about the model beside them. The memorising one has the network of the demand
model and none of what keeps that from remembering: few trips, one place, many steps, no columns hidden, no dropout, no
made-up days, no weight decay, nothing held out that could stop it. The copying one deals its trips out again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.workflows.progress import quiet

if TYPE_CHECKING:
    from trafficdiff.datatypes.scene import Scene
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.diffusion.checkpoint import Checkpoint
    from trafficdiff.diffusion.settings import NetworkSettings
    from trafficdiff.workflows.progress import Progress

__all__ = ["copying", "memorising"]

_TELL_EVERY_STEPS: Final = 20
_RATE: Final = 4e-3
_AVERAGE: Final = 0.98


def memorising(
    scene: Scene,
    *,
    cpu_minutes: float,
    seed: int = 0,
    network: NetworkSettings | None = None,
    progress: Progress = quiet,
) -> Checkpoint:
    """Return a model that was trained on nothing but the trips of one scene, until it knows them by heart.

    Parameters
    ----------
    scene
        A place with few trips, some hundred.
    cpu_minutes
        Process time.

    Other Parameters
    ----------------
    seed, network, progress
        Of everything random; the network's size, without dropout whatever it says; told how far it is.

    Raises
    ------
    InputError
        If the scene has fewer than two trips.
    """
    from trafficdiff.diffusion.checkpoint import Checkpoint
    from trafficdiff.diffusion.devices import threads
    from trafficdiff.diffusion.settings import NetworkSettings, TrainingSettings
    from trafficdiff.diffusion.training import Trainer

    settings = TrainingSettings(
        cpu_minutes=cpu_minutes, learning_rate=_RATE, weight_decay=0.0, scenes=1, sets=4, calibrated_share=1.0,
        observed_share=0.0, counted_share=0.0, dropped_share=0.0, most_hidden=0.0, day_spread=0.0, average=_AVERAGE,
        seed=seed,
    )  # fmt: skip
    trainer = Trainer([scene], replace(network or NetworkSettings(), dropout=0.0), settings)

    def told(trainer: Trainer, losses: dict[str, float]) -> None:
        shown = ", ".join(f"{name} {value:.3f}" for name, value in losses.items())
        progress(f"memorising control, step {trainer.steps}: {shown}", trainer.done)

    with threads(1):
        trainer.run(told=told, every=_TELL_EVERY_STEPS)
    card = {"control": "memorises on purpose; never to be used", "steps": trainer.steps, "cpu_minutes": cpu_minutes}
    return Checkpoint(tuple(trainer.members), trainer.scaling, card, "0" * 64)


def copying(trips: TripSet, count: int, *, generator: np.random.Generator) -> TripSet:
    """Return real trips dealt out again, each as often as any other or once more.

    Parameters
    ----------
    trips
        To copy.
    count
        How many.
    generator
        Source of randomness.
    """
    rows = np.sort(np.resize(generator.permutation(len(trips)), count))
    lengths = trips.route_lengths[rows]
    ends = np.cumsum(lengths)
    along = np.repeat(trips.offsets[:-1][rows] - (ends - lengths), lengths) + np.arange(int(ends[-1]))
    return replace(
        trips,
        trip_id=np.array([f"copy{number}" for number in range(count)], object),
        depart_s=trips.depart_s[rows],
        offsets=np.concatenate([[0], ends]),
        edges=trips.edges[along],
        vehicle_type=trips.vehicle_type[rows],
        state_of_charge=trips.state_of_charge[rows],
        battery_kwh=trips.battery_kwh[rows],
        charging_stops=None,
        provenance={"synthetic": "no: copies of real trips, a control"},
    )
