"""Measure what the demand model and the charging model give away, and write the scorecard.

    python scripts/measure_privacy.py --cities CITIES --sessions CHARGING [--halves CHECKPOINT] [-o CARD.json]

Cities are folders with a net and routes (``--cities`` holds them); sessions are the four files of the charging model. A
checkpoint given with ``--halves`` was trained on one half of every city's trips (``--write-halves DIR`` writes that
corpus; the halves are always the same); without it, trips are audited with tuning alone. Takes about 3 CPU minutes.
"""

from __future__ import annotations

import argparse
import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from trafficdiff.datatypes.scorecard import read_scorecard, write_scorecard
from trafficdiff.datatypes.trip_files import read_trips
from trafficdiff.diffusion.devices import threads
from trafficdiff.diffusion.tuning_settings import PrivacySettings
from trafficdiff.roads.load import load_network
from trafficdiff.workflows.model_trips import city_of, open_checkpoint
from trafficdiff.workflows.privacy import Held, audit, audit_tuning
from trafficdiff.workflows.privacy_card import audits_in, privacy_card
from trafficdiff.workflows.privacy_sessions import session_privacy
from trafficdiff.workflows.privacy_trips import halves
from trafficdiff.workflows.randomness import stream

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.workflows.privacy_audit import PrivacyAudit

CITIES = ("bologna", "wildau", "berlin_doerpfeldstr", "hamburg_tavf", "ingolstadt21")
FILES = ("dundee.csv.xz", "trondheim.csv.xz", "workplace_usa.csv.xz", "hamburg_train_sites.csv.xz")
SITES = "hamburg_sites.csv.xz"

_logger = logging.getLogger(__name__)


def opened(folder: Path) -> tuple[RoadGraph, TripSet]:
    """Return the roads and the trips of a city."""
    graph = load_network(str(folder / "net.net.xml.gz"))
    types = [folder / "vtypes.add.xml"] if (folder / "vtypes.add.xml").exists() else []
    return graph, read_trips(folder / "cars.rou.xml.gz", graph, type_files=types)


def halved(trips: TripSet, *, seed: int) -> Held:
    """Return the halves that `trafficdiff privacy` makes, too."""
    return Held(*halves(trips, generator=stream(seed, "privacy: halves")))


def write_halves(cities: Path, directory: Path, *, rest: Path, seed: int) -> None:
    """Write a corpus that holds one half of every city's trips, and all else of another corpus."""
    from trafficdiff.datatypes.scene_files import read_scenes, write_scenes
    from trafficdiff.workflows.corpus import CROPS, calibrated_scenes
    from trafficdiff.workflows.corpus_card import corpus_card
    from trafficdiff.workflows.corpus_towns import open_towns

    scenes = []
    for town in open_towns(calibrated=cities):
        if town.trips is not None:
            half = halved(town.trips, seed=seed).training
            scenes += list(calibrated_scenes(replace(town, trips=half), crops=CROPS, seed=seed))
    scenes += [scene for scene in read_scenes(rest) if scene.source != "calibrated"]
    write_scenes(scenes, directory, card=corpus_card(scenes, seed=seed, crops=CROPS))


def audits_of(
    folder: Path,
    *,
    half: Path | None,
    reference: Path | None,
    seed: int,
    minutes: float,
    epsilon: float | None = None,
    chance: bool = False,
) -> PrivacyAudit:
    """Return the audit of a city: the model that learned from its half, the one that is tuned to it, and controls.

    With `chance` of the second model alone, which has seen neither half: what it has is the halves' doing.
    """
    graph, trips = opened(folder)
    held, city = halved(trips, seed=seed), city_of(graph)
    base = open_checkpoint(reference)
    if chance:
        return audit(
            held, models={"never saw it": base}, city=city, control_cpu_minutes=0, name=f"trips, {folder.name}",
            seed=seed, progress=told,
        )  # fmt: skip
    private = None if epsilon is None else PrivacySettings(epsilon=epsilon)
    found = audit_tuning(
        held,
        base=base,
        private=private,
        city=city,
        name=f"trips, {folder.name}",
        control_cpu_minutes=minutes,
        seed=seed,
        progress=told,
    )
    if half is None:
        return found
    trained = audit(
        held, models={"trained on half": open_checkpoint(half)}, reference=base, city=city, control_cpu_minutes=0,
        name=found.subject, seed=seed, progress=told,
    )  # fmt: skip
    kept = tuple(row for row in trained.rows if not row.control)
    return replace(found, rows=(*kept, *found.rows), cpu_s=found.cpu_s + trained.cpu_s)


def told(stage: str, share: float | None) -> None:
    """Say on stderr what is done, but not how far it is."""
    if share is None:
        _logger.info("%s", stage)


def main() -> None:
    """Measure, print what failed, and write the card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cities", type=Path)
    parser.add_argument("--only", nargs="+", choices=CITIES, default=CITIES, help="these of the cities")
    parser.add_argument("--sessions", type=Path)
    parser.add_argument("--halves", type=Path, help="a checkpoint that was trained on half of every city's trips")
    parser.add_argument("--references", type=Path, help="folder with a checkpoint without each city, NAME.safetensors")
    parser.add_argument("--write-halves", type=Path, help="write the corpus for --halves here, and stop")
    parser.add_argument("--corpus", type=Path, help="with --write-halves: where all other scenes come from")
    parser.add_argument("--join", type=Path, nargs="+", default=[], help="cards whose audits are put in front")
    parser.add_argument("--epsilon", type=float, help="also tune with differential privacy")
    parser.add_argument("--chance", action="store_true", help="audit the references alone, which saw neither half")
    parser.add_argument("--control-minutes", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if options.write_halves:
        write_halves(options.cities, options.write_halves, rest=options.corpus, seed=options.seed)
        return
    audits = [one for card in options.join for one in audits_in(read_scorecard(card))]
    with threads(1):
        for name in options.only if options.cities else ():
            reference = None if options.references is None else options.references / f"{name}.safetensors"
            audits.append(audits_of(
                options.cities / name, half=options.halves, reference=reference, seed=options.seed,
                minutes=options.control_minutes, epsilon=options.epsilon, chance=options.chance,
            ))  # fmt: skip
            show(audits[-1])
        if options.sessions:
            files = [options.sessions / name for name in FILES]
            for found in session_privacy(files, sites=options.sessions / SITES, seed=options.seed, progress=told):
                audits.append(found)
                show(found)
    if options.output:
        commands = ["python scripts/measure_privacy.py --cities CITIES --sessions CHARGING --halves CHECKPOINT"]
        write_scorecard(privacy_card(audits, made_with=commands), options.output)


def show(found: PrivacyAudit) -> None:
    """Print a line for each gate of each model as Markdown."""
    for row in found.rows:
        for gate in row.gates:
            floor = "-" if gate.floor is None else f"{gate.floor:.3f}"
            verdict = "passed" if gate.passed else "failed" if gate.decides else "shown"
            print(
                f"| {found.subject} | {row.name} | {gate.key} | {gate.value:.3f} | {gate.low:.3f} - {gate.high:.3f} | "
                f"{floor} | {verdict} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
