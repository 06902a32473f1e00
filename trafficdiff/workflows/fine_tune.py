"""Tune the demand model to one city's own trips, and publish the tuned checkpoint with a card.

::

    checkpoint ── what is believed of the net ──┐
    trips ──┬── learned ────────────────────────┼──▶ corrections ──▶ DIR/ demand_model.safetensors, card.json
            └── held out ── when to stop ───────┘

With privacy nothing is held out, and every number that depends on a trip comes out of the noisy steps alone.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import time
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

import numpy as np

import trafficdiff
from trafficdiff.errors import Faults, InputError
from trafficdiff.publish import publishing
from trafficdiff.store.claim import claiming
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.randomness import stream
from trafficdiff.workflows.train import CARD_FILE, CHECKPOINT_FILE, KIND
from trafficdiff.workflows.trip_chances import believed_place, scene_trips_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.local_factors import LocalFactors
    from trafficdiff.datatypes.scene import Scene, SceneTrips
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.diffusion.checkpoint import Checkpoint
    from trafficdiff.diffusion.local_model import Place
    from trafficdiff.diffusion.tuning_settings import PrivacySettings, TuningSettings
    from trafficdiff.workflows.model_demand import City
    from trafficdiff.workflows.progress import Progress

__all__ = ["LEAST_TRIPS", "fine_tune", "fine_tune_network", "tuned"]

LEAST_TRIPS: Final = 30
"""Fewer trips say nothing about a city."""
_LEAST_HELD_OUT: Final = 5
_FEW_FAULTS: Final = 3


def fine_tune_network(
    network: str,
    *,
    checkpoint: Path | None,
    routes: Path,
    directory: Path,
    type_files: Sequence[Path] = (),
    progress: Progress = quiet,
    **options: Any,
) -> dict[str, Any]:
    """Open a network and its trips, and tune; see `fine_tune`, whose options these are.

    Raises
    ------
    InputError
        If a file cannot be used; trips on another net are named.
    """
    from trafficdiff.datatypes.trip_files import read_trips
    from trafficdiff.roads.load import load_network

    with claiming(directory):
        progress("opening the network", None)
        graph = load_network(network)
        progress("reading the trips", None)
        trips = read_trips(routes, graph, type_files=type_files)
    return fine_tune(checkpoint, graph=graph, trips=trips, directory=directory, progress=progress, **options)


def fine_tune(
    checkpoint: Path | None,
    *,
    graph: RoadGraph,
    trips: TripSet,
    directory: Path,
    cpu_minutes: float = 3.0,
    held_out_share: float = 0.1,
    patience: int | None = 2,
    penalty: float = 1.0,
    privacy: PrivacySettings | None = None,
    seed: int = 0,
    progress: Progress = quiet,
) -> dict[str, Any]:
    """Tune until held-out trips get no better, publish ``demand_model.safetensors`` and ``card.json``, return the card.

    ``patience=None, penalty=0, held_out_share=0`` memorises: the control of privacy tests.

    Parameters
    ----------
    checkpoint
        The model to begin with; the shipped one if None. One that is tuned already begins anew.
    graph, trips
        The city, and its own trips.
    directory
        Where to publish.

    Other Parameters
    ----------------
    cpu_minutes, held_out_share, patience, penalty, seed
        As in `trafficdiff.diffusion.tuning_settings.TuningSettings`.
    privacy
        Differential privacy; None for none. Held-out trips, patience and penalty have no part in it.
    progress
        Told what is being done.

    Raises
    ------
    InputError
        Listing every fault: numbers out of range, trips on another net or too few, a checkpoint that is none.
    OutputError
        If the directory is taken or cannot be written.
    MissingDependencyError
        If privacy is asked for and opacus is not installed.
    """
    from trafficdiff.diffusion.tuning_settings import TuningSettings
    from trafficdiff.workflows.model_trips import city_of, open_checkpoint

    settings = TuningSettings(
        cpu_minutes=cpu_minutes, held_out_share=held_out_share, patience=patience, penalty=penalty, seed=seed
    )
    _refuse(settings, graph, trips, privacy)
    with claiming(directory):
        progress("opening the model", None)
        base = open_checkpoint(checkpoint)
        progress("looking at the city", None)
        city = city_of(graph)
        local, about = tuned(city, base, trips, settings=settings, privacy=privacy, progress=progress)
        progress("writing", None)
        return _publish(base, local, _card(base, about), directory, scene=city.scene, begun_with=checkpoint)


def tuned(
    city: City,
    base: Checkpoint,
    trips: TripSet,
    *,
    settings: TuningSettings,
    privacy: PrivacySettings | None = None,
    progress: Progress = quiet,
) -> tuple[LocalFactors, dict[str, Any]]:
    """Return what is learned of a city, and what the card says of it; nothing is written.

    One thread computes: the tables are small, and the same seed gives the same numbers on any number of cores.
    """
    from trafficdiff.diffusion.devices import threads

    with threads(1):
        return _tuned(city, base, trips, settings=settings, privacy=privacy, progress=progress)


def _tuned(
    city: City,
    base: Checkpoint,
    trips: TripSet,
    *,
    settings: TuningSettings,
    privacy: PrivacySettings | None,
    progress: Progress,
) -> tuple[LocalFactors, dict[str, Any]]:
    from trafficdiff.datatypes.local_factors import place_digest
    from trafficdiff.workflows.baselines import kind_of

    started_s = time.process_time()
    rows = scene_trips_of(city, trips)
    scene = city.scene
    place = believed_place(
        city, base, kind=kind_of(trips), scene=scene, also_open=None if privacy is not None else rows
    )
    about: dict[str, Any] = {
        "network": scene.name,
        "place": place_digest(city.graph, edge_index=scene.edge_index, edge_offsets=scene.edge_offsets),
        "trips": len(trips),
        "from_sha256": base.sha256,
    }
    if privacy is None:
        about["window_s"] = list(trips.window_s)
        local, more = _early_stopped(city, place, rows, settings, progress)
        return local, about | more | {"cpu_s": round(time.process_time() - started_s, 1)}
    local, more = _private(city, place, rows, privacy, progress)
    return local, about | more


def _early_stopped(
    city: City, place: Place, rows: SceneTrips, settings: TuningSettings, progress: Progress
) -> tuple[LocalFactors, dict[str, Any]]:
    from trafficdiff.diffusion.local_model import tally_of
    from trafficdiff.diffusion.tuning import tune

    order = stream(settings.seed, "fine-tuning: held-out trips").permutation(len(rows))
    held = max(round(settings.held_out_share * len(rows)), _LEAST_HELD_OUT) if settings.held_out_share > 0 else 0
    learned, held_out = (tally_of(city.scene, rows, part) for part in (order[held:], order[:held]))

    def told(row: dict[str, Any], share: float) -> None:
        shown = "" if row["held_out"] is None else f", held out {row['held_out']:.3f}"
        progress(f"ridge {row['ends']:g}/{row['pairs']:g}: learned {row['learned']:.3f}{shown} nat a trip", share)

    found = tune(place, learned, held_out if held else None, settings=settings, told=told)
    widths = found.widths
    return found.model.factors(city.scene), {
        "settings": settings.as_dict(),
        "held_out": held,
        "ridge": None if widths is None else {"ends": widths.ends, "way": widths.way, "pairs": widths.pair},
        "curve": found.curve,
        "stopped": found.stopped,
    }


def _private(
    city: City, place: Place, rows: SceneTrips, privacy: PrivacySettings, progress: Progress
) -> tuple[LocalFactors, dict[str, Any]]:
    from trafficdiff.diffusion.private_tuning import tune_privately

    model, spent = tune_privately(city.scene, place, rows, privacy=privacy, told=progress)
    return model.factors(city.scene), {"held_out": 0, "privacy": spent}


def _refuse(settings: TuningSettings, graph: RoadGraph, trips: TripSet, privacy: PrivacySettings | None) -> None:
    """Raise InputError with all that is wrong with the settings and the trips."""
    from trafficdiff.diffusion.private_tuning import note_faults

    faults = Faults("fine-tuning")
    if not (math.isfinite(settings.cpu_minutes) and settings.cpu_minutes > 0):
        faults.add(f"expected CPU minutes above 0, got {settings.cpu_minutes:g}")
    if not 0 <= settings.held_out_share <= 0.9:
        faults.add(f"expected a held-out share from 0 to 0.9, got {settings.held_out_share:g}")
    if settings.patience is not None and settings.patience < 1:
        faults.add(f"expected a patience of 1 or more, got {settings.patience}")
    if not (math.isfinite(settings.penalty) and settings.penalty >= 0):
        faults.add(f"expected a penalty of 0 or more, got {settings.penalty:g}")
    if len(trips) < LEAST_TRIPS:
        faults.add(f"expected at least {LEAST_TRIPS} trips to tune to, got {len(trips)}; give more of the city's own")
    if privacy is not None:
        note_faults(privacy, len(trips), faults)
    if trips.graph is not graph and not np.array_equal(trips.graph.edge_id, graph.edge_id):
        other = [str(edge) for edge in np.setdiff1d(trips.graph.edge_id.astype(str), graph.edge_id.astype(str))]
        named = f", such as {', '.join(other[:_FEW_FAULTS])}" if other else ""
        faults.add(f"expected trips on the given net, got trips on another one{named}; give the net that they drive on")
    faults.raise_if_any(InputError)


def _card(base: Checkpoint, about: dict[str, Any]) -> dict[str, Any]:
    """Return the card of the model that was begun with, with what was done since."""
    return base.card | {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "versions": {"trafficdiff": trafficdiff.__version__, "torch": metadata.version("torch")},
        "tuned": about,
    }


def _publish(
    base: Checkpoint,
    local: LocalFactors,
    card: dict[str, Any],
    directory: Path,
    *,
    scene: Scene,
    begun_with: Path | None,
) -> dict[str, Any]:
    """Publish checkpoint and card, and the range of the places that it learned from: the city is one of them now."""
    from trafficdiff.datatypes.training_range import write_range
    from trafficdiff.diffusion.checkpoint import write_checkpoint
    from trafficdiff.workflows.training_range import range_file, range_with

    with publishing(directory, kind=KIND) as folder:
        digest = write_checkpoint(
            folder / CHECKPOINT_FILE, members=base.members, scaling=base.scaling, card=card, local=local
        )
        card = card | {"sha256": digest}
        (folder / CARD_FILE).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
        made_with = f"tuned to {scene.place}"
        found = range_with(scene, checkpoint=begun_with, checkpoint_sha256=digest, made_with=made_with)
        if found is not None:
            write_range(found, range_file(folder / CHECKPOINT_FILE))
    return card
