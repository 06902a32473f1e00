"""Hold what the places were like that a model learned from, and where another place lies among them.

The range travels beside a checkpoint (``demand_model.range.json``): a row of numbers (`roads.scene_traits`) for every
scene with streets. It holds no street, no trip and no coordinate.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from trafficdiff.datatypes.json_files import read_json
from trafficdiff.publish import publishing_file

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FORMAT", "Level", "RangeScene", "Standing", "TrainingRange", "TraitStanding", "read_range", "write_range"]

FORMAT: Final = "trafficdiff training range 1"
"""What a file says that it is."""

Level = Literal["inside", "edge", "outside"]
"""Inside; farther out than 95 of 100 training scenes are from the others; farther out than every one of them."""

_DIGITS: Final = 4
_ROUNDING: Final = 2e-3
"""Ranges are kept to so many digits; half a unit in the last of them is inside."""
_MOST_BYTES: Final = 20_000_000

Name = Annotated[str, Field(pattern=r"^[a-z0-9_]+$", max_length=60)]


class RangeScene(BaseModel):
    """Hold the numbers of one scene: the place that it shows, and a value a trait, None where it is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    place: Annotated[str, Field(min_length=1, max_length=200)]
    values: tuple[float | None, ...]


class TrainingRange(BaseModel):
    """Hold the numbers of all scenes with streets that a checkpoint learned from.

    Parameters
    ----------
    checkpoint_sha256
        Whose range it is.
    made_with
        The command that made it.
    traits
        Names of the numbers, in their order.
    scenes
        One row a scene.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["trafficdiff training range 1"] = FORMAT
    checkpoint_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    made_with: str
    traits: Annotated[tuple[Name, ...], Field(min_length=1)]
    scenes: Annotated[tuple[RangeScene, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _rows_fit(self) -> Self:
        if wrong := [scene.place for scene in self.scenes if len(scene.values) != len(self.traits)]:
            raise ValueError(
                f"expected {len(self.traits)} values a scene, got another number in {len(wrong)} scenes, "
                f"the first of {wrong[0]}"
            )
        return self

    @property
    def places(self) -> tuple[str, ...]:
        """The places, sorted."""
        return tuple(sorted({scene.place for scene in self.scenes}))


class TraitStanding(BaseModel):
    """Say where one number of a place lies.

    Parameters
    ----------
    name
        Of the trait.
    value
        The place's.
    low, high
        Least and largest of all training scenes.
    score
        Distance from their mean in standard deviations, on the trait's own scale.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: Name
    value: float
    low: float
    high: float
    score: float

    @property
    def outside(self) -> bool:
        """Whether no training scene goes as far."""
        slack = _ROUNDING * max(abs(self.low), abs(self.high))
        return not self.low - slack <= self.value <= self.high + slack


class Standing(BaseModel):
    """Say how far a place lies from those that a model learned from.

    Parameters
    ----------
    level
        In one word; see `Level`.
    distance, limit, farthest
        Root mean square of what makes it unlike, in standard deviations; the distance that 95 of 100 training scenes
        keep below when their own place is left out, and the largest of them.
    percentile
        Share of these scenes that lie nearer, from 0 to 100, every place counting the same.
    places
        Of how many places the range was made.
    nearest
        The training places that are most alike, the most alike first.
    traits
        All numbers that are known, in the order of `roads.scene_traits.TRAITS`.
    checkpoint_sha256
        Whose training range it is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    level: Level
    distance: Annotated[float, Field(ge=0)]
    limit: Annotated[float, Field(ge=0)]
    farthest: Annotated[float, Field(ge=0)]
    percentile: Annotated[float, Field(ge=0, le=100)]
    places: Annotated[int, Field(ge=1)]
    nearest: tuple[str, ...] = ()
    traits: tuple[TraitStanding, ...] = ()
    checkpoint_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

    @property
    def is_far(self) -> bool:
        """Whether a reader must be warned."""
        return self.level != "inside"

    def strangest(self, count: int = 3) -> tuple[TraitStanding, ...]:
        """Return the traits that say why: those outside first, then those farthest from the mean."""
        order = sorted(self.traits, key=lambda one: (not one.outside, -abs(one.score), one.name))
        outside = sum(one.outside for one in order)
        return tuple(order[: min(count, outside or count)])


def read_range(path: Path) -> TrainingRange:
    """Read a training range.

    Raises
    ------
    InputError
        If there is none, or it is something else; every fault is listed.
    """
    return read_json(path, TrainingRange, what="training range", most_bytes=_MOST_BYTES)


def write_range(found: TrainingRange, path: Path) -> None:
    """Write a training range, whole or not at all: one line a scene, four significant digits.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    rows = ",\n  ".join(_row(scene) for scene in found.scenes)
    head = json.dumps(found.model_dump(exclude={"scenes"}), ensure_ascii=False, indent=1)
    with publishing_file(path) as temporary:
        temporary.write_text(f'{head[:-2]},\n "scenes": [\n  {rows}\n ]\n}}\n', encoding="utf-8")


def _row(scene: RangeScene) -> str:
    values = [None if value is None else float(f"{value:.{_DIGITS}g}") for value in scene.values]
    return json.dumps({"place": scene.place, "values": values}, ensure_ascii=False, separators=(",", ":"))
