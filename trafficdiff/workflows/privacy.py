"""Audit what a demand model gives away of the trips that it learned from, beside controls that must be caught.

::

    training trips ─┬─▶ model ──▶ drawn trips ──▶ copies, nearness          honest
    held-out trips ─┘     └─────▶ losses ───────▶ membership attack
    300 of each ────────▶ memorising model ─────▶ the same, all failed      control
    training trips ─────▶ dealt out again ──────▶ the same, all failed      control

Without held-out trips the given ones are halved at random, and the model is tuned to one half first.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.selection import take_trips
from trafficdiff.errors import InputError
from trafficdiff.metrics.privacy_cells import suppressed
from trafficdiff.metrics.privacy_gates import Gate, attack_gates, cell_gate
from trafficdiff.workflows.privacy_audit import Audited, PrivacyAudit
from trafficdiff.workflows.privacy_control import copying, memorising
from trafficdiff.workflows.privacy_models import attacked, drawn_openly, scene_of
from trafficdiff.workflows.privacy_trips import equal_halves, halves, nearness_attack, od_table, trip_gates
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.randomness import stream

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.diffusion.checkpoint import Checkpoint
    from trafficdiff.diffusion.requests import SamplerSettings
    from trafficdiff.diffusion.settings import NetworkSettings
    from trafficdiff.diffusion.tuning_settings import PrivacySettings
    from trafficdiff.workflows.model_demand import City
    from trafficdiff.workflows.progress import Progress

__all__ = ["CONTROL_TRIPS", "TRIPS", "Held", "audit", "audit_tuning", "few_of", "names_of", "privacy"]

TRIPS: Final = 5_000
"""Drawn trips."""
CONTROL_TRIPS: Final = 300
"""Trips that the memorising control learns."""
_LEAST_TRIPS: Final = 20


@dataclass(frozen=True, eq=False)
class Held:
    """Hold the trips that a model learned from, and as many that it did not."""

    training: TripSet
    held_out: TripSet


def privacy(
    network: str,
    *,
    routes: Path,
    held_out: Path | None = None,
    model: Path | None = None,
    reference: Path | None = None,
    generated: Sequence[Path] = (),
    type_files: Sequence[Path] = (),
    seed: int = 0,
    tuning_cpu_minutes: float = 1.0,
    epsilon: float | None = None,
    progress: Progress = quiet,
    **options: Any,
) -> PrivacyAudit:
    """Open network, trips and models, and audit.

    Parameters
    ----------
    network
        Whatever names a network.
    routes, held_out
        Real trips with routes that the model learned from, and others. Without others the given ones are halved, and a
        model is tuned to one half.
    model
        The checkpoint that is audited, or from which tuning starts; the shipped one if None. With held-out trips and
        no model only files are audited.
    reference
        A checkpoint that has seen neither, for the second attack.
    generated
        Trips that are to be published, drawn by a model or calibrated to the training trips.

    Other Parameters
    ----------------
    type_files
        SUMO files with the vehicle types of the trips.
    seed
        Of everything random.
    tuning_cpu_minutes
        Process time to tune, where that is to be done.
    epsilon
        There, also tune with differential privacy.
    progress
        Told what is done.
    options
        Further options of `audit`.

    Raises
    ------
    InputError
        If a file cannot be used, there is nothing to audit, or there are too few trips.
    """
    from trafficdiff.datatypes.trip_files import read_trips
    from trafficdiff.diffusion.tuning_settings import PrivacySettings
    from trafficdiff.roads.load import load_network
    from trafficdiff.workflows.model_trips import open_checkpoint

    if held_out is not None and model is None and not generated:
        raise InputError("expected a model or generated trips to audit, got none; give --model or --generated")
    if held_out is None and generated:
        raise InputError("expected held-out trips to judge generated ones by, got none; give --held-out")
    if reference is not None and (held_out is None or model is None):
        raise InputError(
            "expected a reference beside a model and held-out trips, got it without; leave --reference out"
        )
    own = None if model is None else open_checkpoint(model)
    known = None if reference is None else open_checkpoint(reference)
    if own is not None and known is not None and own.sha256 == known.sha256:
        raise InputError(
            f"{reference}: expected another model than the audited one, which has seen neither half, got the same; "
            "give a model that was trained without this place"
        )
    progress("opening the network", None)
    graph = load_network(network)
    progress("reading the trips", None)
    real = read_trips(routes, graph, type_files=type_files)
    names = names_of([*([] if model is None else [model]), *generated])
    files = {names[path]: read_trips(path, graph, type_files=type_files) for path in generated}
    if held_out is not None:
        held = Held(real, read_trips(held_out, graph, type_files=type_files))
        models = {} if model is None or own is None else {names[model]: own}
        return audit(held, models=models, reference=known, generated=files, seed=seed, progress=progress, **options)
    held = Held(*halves(real, generator=stream(seed, "privacy: halves")))
    base = own or open_checkpoint(None)
    private = None if epsilon is None else PrivacySettings(epsilon=epsilon)
    return audit_tuning(
        held, base=base, cpu_minutes=tuning_cpu_minutes, private=private, seed=seed, progress=progress, **options
    )


def names_of(paths: Sequence[Path]) -> dict[Path, str]:
    """Return what each file is called: by its name, with as many folders before it as tell all of them apart."""
    depth = 1
    while len({path.parts[-depth:] for path in paths}) < len(set(paths)):
        depth += 1
    return {path: "/".join(path.parts[-depth:]) for path in paths}


def audit_tuning(
    held: Held,
    *,
    base: Checkpoint,
    cpu_minutes: float = 1.0,
    control_trips: int = CONTROL_TRIPS,
    private: PrivacySettings | None = None,
    city: City | None = None,
    seed: int = 0,
    progress: Progress = quiet,
    **options: Any,
) -> PrivacyAudit:
    """Tune a model to the training trips, and audit it; a third control is tuned to few trips without restraint.

    Parameters
    ----------
    held
        Real trips, learned from and not.
    base
        What tuning starts from, and the second model of the second attack.

    Other Parameters
    ----------------
    cpu_minutes
        Process time to tune.
    private
        Adds a model that is tuned with differential privacy.
    control_trips, city, seed, progress, options
        As `audit` takes them.
    """
    from trafficdiff.workflows.model_trips import city_of
    from trafficdiff.workflows.privacy_tuning import tuned_checkpoint, unrestrained

    started_s = time.process_time()
    city = city or city_of(held.training.graph)
    few = few_of(held, count=control_trips, seed=seed)
    progress("tuning", None)
    models = {"tuned": tuned_checkpoint(city, base, held.training, cpu_minutes=cpu_minutes, seed=seed)}
    if private is not None:
        progress("tuning with differential privacy", None)
        models[f"tuned, epsilon {private.epsilon:g}"] = tuned_checkpoint(
            city, base, held.training, cpu_minutes=cpu_minutes, seed=seed, private=private
        )
    loose = unrestrained(city, base, few.training, cpu_minutes=cpu_minutes, seed=seed)
    controls = {"tuned without restraint": (loose, few)}
    found = audit(
        held, models=models, controls=controls, reference=base, control_trips=control_trips, city=city, seed=seed,
        progress=progress, **options,
    )  # fmt: skip
    return replace(found, cpu_s=time.process_time() - started_s)


def few_of(held: Held, *, count: int, seed: int) -> Held:
    """Return few trips that controls learn by heart, and as many others; no two of them have the same ends.

    Where many people make the same trip, nobody can be told from the others, and the best memory shows nothing.
    """
    generator = stream(seed, "privacy: control")
    edges = held.training.graph.edge_count
    first, other = (_pairs(trips, edges) for trips in _both(held))
    pairs = generator.permutation(np.union1d(first, other))
    chosen = []
    for trips, own, part in ((held.training, first, pairs[::2]), (held.held_out, other, pairs[1::2])):
        order = generator.permutation(len(own))
        _, place = np.unique(own[order], return_index=True)
        rows = order[place]
        chosen.append((trips, generator.permutation(rows[np.isin(own[rows], part)])))
    least = min(count, *(len(rows) for _, rows in chosen))
    one, two = (take_trips(trips, rows[:least]) for trips, rows in chosen)
    return Held(one, two)


def _pairs(trips: TripSet, edges: int) -> NDArray[np.int64]:
    origin, destination = trips.edges[trips.offsets[:-1]], trips.edges[trips.offsets[1:] - 1]
    return np.asarray(origin.astype(np.int64) * edges + destination)


def audit(
    held: Held,
    *,
    models: Mapping[str, Checkpoint] | None = None,
    reference: Checkpoint | None = None,
    generated: Mapping[str, TripSet] | None = None,
    controls: Mapping[str, tuple[Checkpoint, Held]] | None = None,
    trips: int = TRIPS,
    control_trips: int = CONTROL_TRIPS,
    control_cpu_minutes: float = 1.0,
    control_network: NetworkSettings | None = None,
    settings: SamplerSettings | None = None,
    city: City | None = None,
    name: str | None = None,
    seed: int = 0,
    progress: Progress = quiet,
) -> PrivacyAudit:
    """Measure every gate of models, of generated trips, and of both controls.

    Parameters
    ----------
    held
        Real trips, learned from and not.
    models, generated
        By name.
    reference
        A model that has seen neither half.
    controls
        Further models that must fail, with the trips that they learned from and others.

    Other Parameters
    ----------------
    trips
        To be drawn of each model.
    control_trips, control_cpu_minutes, control_network
        Of the memorising control; 0 minutes leave it out, and its network is as large as the demand model's if None.
    settings
        How models draw; as openly as they can if None.
    city, name
        The place and what the trips are called, if they are known.
    seed, progress
        Of everything random; told what is done.

    Raises
    ------
    InputError
        If there are too few trips.
    """
    from trafficdiff.workflows.model_trips import city_of

    started_s = time.process_time()
    if min(len(held.training), len(held.held_out)) < _LEAST_TRIPS:
        raise InputError(
            f"expected at least {_LEAST_TRIPS} trips that were learned from and as many others, got "
            f"{len(held.training)} and {len(held.held_out)}; give more"
        )
    halved = Held(*equal_halves(held.training, held.held_out, generator=stream(seed, "privacy: equal halves")))
    bench = _Bench(city or city_of(held.training.graph), trips, seed, settings, progress)
    table = od_table(held.training)
    rows = [
        _row(label, bench.of_model(label, checkpoint, halved, reference), suppressed(table, totals=True))
        for label, checkpoint in (models or {}).items()
    ]
    rows += [
        _row(label, bench.of_file(made, halved), suppressed(table, totals=True))
        for label, made in (generated or {}).items()
    ]
    learned = dict(controls or {})
    if control_cpu_minutes > 0:
        few = few_of(held, count=control_trips, seed=seed)
        checkpoint = memorising(
            scene_of(bench.city, few.training),
            cpu_minutes=control_cpu_minutes,
            seed=seed,
            network=control_network,
            progress=progress,
        )
        learned["memorising control"] = checkpoint, few
    for label, (checkpoint, own) in learned.items():
        gates = bench.of_model(label, checkpoint, own, reference)
        rows.append(_row(label, gates, od_table(own.training), control=True))
    progress("copying control", None)
    copied = copying(halved.training, max(trips, len(halved.training)), generator=stream(seed, "privacy: copies"))
    rows.append(_row("copying control", bench.of_file(copied, halved), table, control=True))
    return PrivacyAudit(
        subject=name or held.training.graph.name or held.training.graph.net_path.name,
        training=len(held.training), held_out=len(held.held_out), drawn=trips, rows=tuple(rows),
        cpu_s=time.process_time() - started_s, seed=seed,
    )  # fmt: skip


def _both(held: Held) -> tuple[TripSet, TripSet]:
    return held.training, held.held_out


def _row(name: str, gates: Sequence[Gate], published: Any, *, control: bool = False) -> Audited:
    return Audited(name=name, control=control, gates=(*gates, cell_gate(published)))


@dataclass(frozen=True)
class _Bench:
    """Measure models and files in the same way."""

    city: City
    trips: int
    seed: int
    settings: SamplerSettings | None
    progress: Progress

    def of_model(self, name: str, checkpoint: Checkpoint, held: Held, reference: Checkpoint | None) -> list[Gate]:
        from trafficdiff.workflows.baselines import kind_of

        self.progress(f"drawing: {name}", None)
        drawn = drawn_openly(
            self.city, checkpoint, self.trips, kind=kind_of(held.training), window_s=held.training.window_s,
            generator=stream(self.seed, f"privacy: {name}"), settings=self.settings,
        )  # fmt: skip
        self.progress(f"attacking: {name}", None)
        return [
            *trip_gates(drawn, *_both(held)),
            *attacked(self.city, checkpoint, *_both(held), reference=reference),
        ]

    def of_file(self, made: TripSet, held: Held) -> list[Gate]:
        return [*trip_gates(made, *_both(held)), *attack_gates(nearness_attack(made, *_both(held)))]
