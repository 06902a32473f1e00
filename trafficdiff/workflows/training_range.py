"""Say how far a place lies from those that the demand model learned from, and warn where it is too far.

::

    corpus ──▶ numbers of every scene ──▶ NAME.range.json beside the checkpoint NAME.safetensors
                                                 │
    RoadGraph ──▶ scene ──▶ its numbers ─────────┴──▶ Standing: inside, edge, outside ──▶ log, run, report, dashboard

What a model says of a place unlike all that it has seen is a guess, however sure its numbers look.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from pydantic import ValidationError

from trafficdiff.datatypes.training_range import RangeScene, Standing, TrainingRange, TraitStanding, read_range
from trafficdiff.errors import InputError
from trafficdiff.resources import bundled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scene import Scene

__all__ = [
    "PROVENANCE", "judge_network", "range_file", "range_of", "range_with", "say_if_far", "standing_in", "standing_of",
    "standing_said", "warnings_of",
]  # fmt: skip

PROVENANCE: Final = "training_range"
"""Key of a trip set's provenance that holds a standing as JSON."""
_CHECKPOINT: Final = "data/demand_model.safetensors"
_NEAREST: Final = 3
_DIGITS: Final = 4

_logger = logging.getLogger(__name__)


def range_file(checkpoint: Path | None = None) -> Path:
    """Return where the training range of a checkpoint lies, that of the shipped one if no path is given."""
    path = bundled(_CHECKPOINT) if checkpoint is None else checkpoint
    return path.with_name(f"{path.name.removesuffix('.safetensors')}.range.json")


def range_of(scenes: Sequence[Scene], *, checkpoint_sha256: str, made_with: str) -> TrainingRange | None:
    """Return the range of scenes; None where fewer places than can be compared have streets."""
    from trafficdiff.metrics.novelty import LEAST_PLACES
    from trafficdiff.roads.scene_traits import TRAITS, has_traits, traits_of

    streets = [scene for scene in scenes if has_traits(scene)]
    if len({scene.place for scene in streets}) < LEAST_PLACES:
        return None
    return TrainingRange(
        checkpoint_sha256=checkpoint_sha256,
        made_with=made_with,
        traits=tuple(trait.name for trait in TRAITS),
        scenes=tuple(RangeScene(place=scene.place, values=_plain(traits_of(scene))) for scene in streets),
    )


def range_with(
    scene: Scene, *, checkpoint: Path | None, checkpoint_sha256: str, made_with: str
) -> TrainingRange | None:
    """Return the range of a checkpoint that learned from one more scene; None where the first range is not known.

    Parameters
    ----------
    scene
        What was learned from as well: the city that a model was tuned to.
    checkpoint
        The model that was begun with; the shipped one if None.
    checkpoint_sha256, made_with
        Of the model that came out, and how.
    """
    from trafficdiff.roads.scene_traits import traits_of

    if not (path := range_file(checkpoint)).is_file():
        return None
    first = read_range(path)
    more = RangeScene(place=scene.place, values=_plain(traits_of(scene)))
    return first.model_copy(
        update={"checkpoint_sha256": checkpoint_sha256, "made_with": made_with, "scenes": (*first.scenes, more)}
    )


def _plain(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[float | None, ...]:
    return tuple(float(value) if np.isfinite(value) else None for value in values)


def standing_of(scene: Scene, found: TrainingRange) -> Standing:
    """Return where a scene lies in a training range.

    Raises
    ------
    InputError
        If the scene has no streets, or the range was made with other numbers.
    """
    from trafficdiff.metrics.novelty import novelty_of
    from trafficdiff.roads.scene_traits import TRAITS, bent, traits_of

    if found.traits != tuple(trait.name for trait in TRAITS):
        raise InputError(
            "expected a training range of the numbers that this version compares, got other ones; make it again with "
            "scripts/make_training_range.py, or train again"
        )
    values = traits_of(scene)
    table = np.array([[np.nan if one is None else one for one in row.values] for row in found.scenes])
    places = np.array([row.place for row in found.scenes])
    novelty = novelty_of(bent(values), bent(table), places=places)
    closest = sorted((float(novelty.apart[places == place].min()), place) for place in found.places)
    level = "inside" if novelty.distance <= novelty.limit else "edge"
    return Standing(
        level="outside" if novelty.distance > novelty.farthest else level,
        distance=_rounded(novelty.distance),
        limit=_rounded(novelty.limit),
        farthest=_rounded(novelty.farthest),
        percentile=min(_rounded(novelty.percentile), 100.0),
        places=len(found.places),
        nearest=tuple(place for _, place in closest[:_NEAREST]),
        traits=tuple(
            TraitStanding(
                name=trait.name, value=_rounded(values[row]), low=_rounded(np.nanmin(table[:, row])),
                high=_rounded(np.nanmax(table[:, row])), score=_rounded(novelty.scores[row]),
            )
            for row, trait in enumerate(TRAITS)
            if np.isfinite(novelty.scores[row])
        ),
        checkpoint_sha256=found.checkpoint_sha256,
    )  # fmt: skip


def standing_in(scene: Scene, *, checkpoint: Path | None = None, sha256: str | None = None) -> Standing | None:
    """Return where a scene lies in the range of a checkpoint; None where its range is not known.

    Parameters
    ----------
    scene
        What the model sees of a place.
    checkpoint
        Whose range; the shipped one's if None.
    sha256
        Of its weights: the range of other weights is not taken. Not compared if None.
    """
    path = range_file(checkpoint)
    if not path.is_file():
        _logger.debug("%s: no training range, so how far the place lies from the corpus is not known", path)
        return None
    found = _read(path, path.stat().st_mtime_ns)
    if sha256 is not None and found.checkpoint_sha256 != sha256:
        _logger.warning("%s: the training range is that of another checkpoint; it is not used", path.name)
        return None
    return standing_of(scene, found)


@lru_cache(maxsize=4)
def _read(path: Path, written_ns: int) -> TrainingRange:  # noqa: ARG001 - a changed file is read again
    return read_range(path)


def judge_network(graph: RoadGraph, *, checkpoint: Path | None = None) -> Standing:
    """Return where a road network lies in the training range of a checkpoint, without drawing anything.

    Raises
    ------
    InputError
        If the checkpoint has no training range beside it.
    """
    from trafficdiff.workflows.model_demand import city_scene
    from trafficdiff.workflows.model_trips import surroundings_of

    read_range(range_file(checkpoint))
    pois, buildings = surroundings_of(graph)
    scene = city_scene(graph, pois=pois, buildings=buildings)
    standing = standing_in(scene, checkpoint=checkpoint)
    assert standing is not None  # the range was read above
    return standing


def say_if_far(standing: Standing | None) -> None:
    """Warn in the log of a place that lies beyond what the model has seen; runs keep what is warned of."""
    for words in warnings_of(standing):
        _logger.warning("%s", words)


def warnings_of(standing: Standing | None) -> tuple[str, ...]:
    """Return the warning about a place in English, or nothing where none is due."""
    if standing is None or not standing.is_far:
        return ()
    from trafficdiff.export.catalogue import catalogue
    from trafficdiff.workflows.range_words import remark

    return (remark(standing, catalogue()),)


def standing_said(provenance: Mapping[str, str]) -> Standing | None:
    """Return the standing that a trip set's provenance holds; None where it holds none that can be read."""
    if (text := provenance.get(PROVENANCE)) is None:
        return None
    try:
        return Standing.model_validate_json(text)
    except ValidationError:
        _logger.warning("the trips say where their place lies in a training range, but not so that it can be read")
        return None


def _rounded(value: float) -> float:
    return float(f"{float(value):.{_DIGITS}g}")
