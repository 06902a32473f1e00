"""Turn scenes into what the network reads: scaled numbers, waves of position, bases of travel time.

Every column enters twice: scaled by the whole corpus, and by its own scene, because what attracts trips is often not
how large a road is but how large it is for this town. Unknown numbers are 0, and the scene says which columns are
known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from torch import Tensor

from trafficdiff.diffusion.prior import edge_weight, zone_rim_share, zone_weight
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.scene import Scene

__all__ = [
    "BUMPS_S",
    "TIME_BASES",
    "Place",
    "Scaling",
    "Turn",
    "place_of",
    "scaling_of",
    "time_bases",
    "views_of",
    "with_columns_hidden",
]

TIME_BASES: Final = 13
"""Bumps over the logarithm of travel time, and one flag for pairs without a way."""
BUMPS_S: Final = np.geomspace(15.0, 7_200.0, TIME_BASES - 1)
_WAVES: Final = (0.5, 1.0, 2.0)
_CLIP: Final = 5.0
_RELATIVE_CLIP: Final = 4.0
_LEAST_SPREAD: Final = 1e-3


@dataclass(frozen=True)
class Turn:
    """Hold a rotation [rad] and a mirror of the map, applied in this order."""

    angle: float = 0.0
    mirrored: bool = False

    def matrix(self) -> NDArray[np.float64]:
        """Return the matrix that turns column vectors, shape (2, 2)."""
        cosine, sine = math.cos(self.angle), math.sin(self.angle)
        flip = np.diag([-1.0, 1.0]) if self.mirrored else np.eye(2)
        return np.asarray(flip @ np.array([[cosine, -sine], [sine, cosine]]))


@dataclass(frozen=True, eq=False)
class Scaling:
    """Hold the columns that the network reads, and how they are scaled; travels inside the checkpoint.

    Each of `zone`, `edge` and `scene` has the names, and an array of shape (3, F): the unit of asinh, then mean and
    standard deviation of asinh(x / unit) over the corpus.
    """

    zone_columns: tuple[str, ...]
    zone: NDArray[np.float32]
    edge_columns: tuple[str, ...]
    edge: NDArray[np.float32]
    scene_columns: tuple[str, ...]
    scene: NDArray[np.float32]

    @property
    def zone_width(self) -> int:
        """Numbers that describe a zone."""
        return 2 * len(self.zone_columns) + 4 * len(_WAVES) + 3

    @property
    def edge_width(self) -> int:
        """Numbers that describe an edge."""
        return 2 * len(self.edge_columns)

    @property
    def scene_width(self) -> int:
        """Numbers that describe a scene."""
        return len(self.scene_columns) + len(self.zone_columns) + 2

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            name: value.tolist() if isinstance(value, np.ndarray) else list(value) for name, value in vars(self).items()
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Scaling:
        """Return the scaling of plain values."""
        scales = {kind: np.asarray(values[kind], np.float32).reshape(3, -1) for kind in ("zone", "edge", "scene")}
        return cls(
            zone_columns=tuple(values["zone_columns"]),
            zone=scales["zone"],
            edge_columns=tuple(values["edge_columns"]),
            edge=scales["edge"],
            scene_columns=tuple(values["scene_columns"]),
            scene=scales["scene"],
        )


@dataclass(frozen=True, eq=False)
class Place:
    """Hold one scene as tensors. ``Z`` zones, ``E`` edges.

    Parameters
    ----------
    zone
        Shape (Z, zone width).
    scene
        Shape (scene width,).
    bases
        Shape (Z, Z, `TIME_BASES`), bumps over the travel time from zone to zone.
    prior
        Shape (Z, 2), logarithm of a zone's weight as origin and as destination, which the network learns to correct;
        see `trafficdiff.diffusion.prior`.
    rim
        Shape (Z, 2), which share of these weights lies at the rim.
    edge
        Shape (E, edge width).
    edge_prior
        Shape (E, 2), the same of edges.
    edge_offsets
        Shape (Z + 1,).
    turn
        How the map is turned.
    """

    zone: Tensor
    scene: Tensor
    bases: Tensor
    prior: Tensor
    rim: Tensor
    edge: Tensor
    edge_prior: Tensor
    edge_offsets: Tensor
    turn: Turn

    def __len__(self) -> int:
        return len(self.zone)


def scaling_of(scenes: Sequence[Scene]) -> Scaling:
    """Return the columns of all scenes, and their scales; every scene counts the same.

    Raises
    ------
    InputError
        If there are no scenes.
    """
    if not scenes:
        raise InputError("expected at least one scene to learn from, got none; build a corpus first")
    parts: dict[str, Any] = {}
    for kind in ("zone", "edge", "scene"):
        names = sorted({name for scene in scenes for name in getattr(scene, f"{kind}_columns")})
        tables = [
            _columns(getattr(scene, f"{kind}_columns"), np.atleast_2d(getattr(scene, f"{kind}_values")), names)
            for scene in scenes
        ]
        tables = [table for table in tables if len(table)]
        parts[f"{kind}_columns"] = tuple(names)
        parts[kind] = _scales(tables, len(names))
    return Scaling(**parts)


def _scales(tables: Sequence[NDArray[np.float64]], count: int) -> NDArray[np.float32]:
    """Return unit, mean and deviation by column over tables that count the same, shape (3, F)."""
    if not tables or not count:
        return np.zeros((3, count), np.float32) + np.array([[1], [0], [1]], np.float32)
    generator = np.random.default_rng(0)
    sample = np.concatenate([table[generator.integers(len(table), size=64)] for table in tables])
    size = np.where(sample == 0, np.nan, np.abs(sample))
    known = np.isfinite(size).any(axis=0)
    unit = np.ones(count)
    unit[known] = np.nanmedian(size[:, known], axis=0)
    bent = np.arcsinh(sample / unit)
    seen = np.isfinite(bent)
    total = np.maximum(seen.sum(axis=0), 1)
    mean = np.where(seen, bent, 0).sum(axis=0) / total
    spread = np.sqrt(np.where(seen, (bent - mean) ** 2, 0).sum(axis=0) / total)
    return np.stack([unit, mean, np.maximum(spread, _LEAST_SPREAD)]).astype(np.float32)


def _columns(have: Sequence[str], values: NDArray[Any], names: Sequence[str]) -> NDArray[np.float64]:
    """Return the columns in the order of `names`, NaN where there is no such column."""
    place = {name: position for position, name in enumerate(have)}
    table = np.full((len(values), len(names)), np.nan)
    for column, name in enumerate(names):
        if name in place:
            table[:, column] = values[:, place[name]]
    return table


def place_of(scene: Scene, scaling: Scaling, *, turn: Turn | None = None, bases: Tensor | None = None) -> Place:
    """Return what the network reads of a scene, turned or mirrored for training.

    `bases` are its `time_bases`, for one who looks at it more than once.
    """
    return _Views(scene, scaling, bases).turned(turn or Turn())


class _Views:
    """Turn one scene again and again: what does not turn with the map is read and scaled once."""

    def __init__(self, scene: Scene, scaling: Scaling, bases: Tensor | None = None) -> None:
        self._scaling = scaling
        self._xy_m = scene.zone_xy_m.astype(np.float64)
        self._zone = _Sheet(scene, "zone", scaling)
        self._edge = _Sheet(scene, "edge", scaling)
        self._summary = _columns(scene.scene_columns, scene.scene_values[None], scaling.scene_columns)
        size = zone_weight(scene)
        self._fixed = {
            "bases": _bases_of(scene) if bases is None else bases,
            "prior": _tensor(np.log(size / size.mean(axis=0))),
            "rim": _tensor(zone_rim_share(scene)),
            "edge_prior": _tensor(np.log(edge_weight(scene))),
            "edge_offsets": torch.from_numpy(scene.edge_offsets.astype(np.int64)),
        }

    def turned(self, turn: Turn) -> Place:
        """Return the place as the map lies after a turn."""
        matrix, scaling = turn.matrix(), self._scaling
        xy_m = self._xy_m @ matrix.T
        extent_m = float(np.sqrt((xy_m**2).sum(axis=1).mean())) or 1.0
        magnitude = np.array([math.log10(max(extent_m, 1.0)) - 3.3, math.log10(len(xy_m)) - 2.0])
        summary = self._summary.copy()
        if turn.mirrored and "left_hand" in scaling.scene_columns:
            column = scaling.scene_columns.index("left_hand")
            summary[:, column] = 1 - summary[:, column]
        scaled, _ = _scaled(summary, scaling.scene)
        return Place(
            zone=_tensor(np.concatenate([*self._zone.turned(matrix), _waves(xy_m, extent_m)], axis=1)),
            scene=_tensor(np.concatenate([scaled[0], self._zone.known.any(axis=0), magnitude])),
            edge=_tensor(np.concatenate(self._edge.turned(matrix), axis=1)),
            turn=turn,
            **self._fixed,
        )


class _Sheet:
    """Hold the columns of zones or of edges, scaled by the corpus and by their own scene."""

    def __init__(self, scene: Scene, kind: str, scaling: Scaling) -> None:
        wanted = getattr(scaling, f"{kind}_columns")
        have = getattr(scene, f"{kind}_columns")
        self._scale = getattr(scaling, kind)
        values = np.asarray(getattr(scene, f"{kind}_values"), np.float64)
        table = _columns(have, values, wanted)
        both = [pair for pair in scene.directional if set(pair) <= set(have)]
        self._arrows = [values[:, [have.index(name) for name in pair]] for pair in both]
        self._turning = [[wanted.index(name) if name in wanted else None for name in pair] for pair in both]
        self.known: NDArray[np.bool_] = np.asarray(np.isfinite(table))
        for arrow, places in zip(self._arrows, self._turning, strict=True):
            whole = np.asarray(np.isfinite(arrow).all(axis=1))  # a turn mixes the two
            self.known[:, [column for column in places if column is not None]] &= whole[:, None]
        self._scaled, _ = _scaled(table, self._scale)
        self._relative = _relative(table, self._scale[0])

    def turned(self, matrix: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the columns in both scales, shape (N, F) each, after a turn of the map."""
        scaled, relative = self._scaled.copy(), self._relative.copy()
        for arrow, places in zip(self._arrows, self._turning, strict=True):
            now = arrow @ matrix.T
            for part, column in enumerate(places):
                if column is not None:
                    own = [column]
                    scaled[:, own], _ = _scaled(now[:, [part]], self._scale[:, own])
                    relative[:, own] = _relative(now[:, [part]], self._scale[0, own])
        return scaled, relative


def with_columns_hidden(place: Place, scaling: Scaling, share: float, generator: np.random.Generator) -> Place:
    """Return a place of which a share of the columns, at random, is not known."""
    zone_keep = torch.from_numpy(generator.random(len(scaling.zone_columns)) >= share).float()
    edge_keep = torch.from_numpy(generator.random(len(scaling.edge_columns)) >= share).float()
    scene_keep = torch.from_numpy(generator.random(len(scaling.scene_columns)) >= share).float()
    rest = torch.ones(place.zone.shape[1] - 2 * len(zone_keep))
    return replace(
        place,
        zone=place.zone * torch.cat([zone_keep, zone_keep, rest]),
        edge=place.edge * torch.cat([edge_keep, edge_keep]),
        scene=place.scene * torch.cat([scene_keep, zone_keep, torch.ones(2)]),
    )


def views_of(scene: Scene, scaling: Scaling, *, count: int, hidden: float, seed: int) -> Iterator[Place]:
    """Yield views of a scene as in training: turned, mirrored, with a share of the columns hidden.

    One view with nothing hidden is the scene as it is.
    """
    generator = np.random.default_rng(seed)
    if count == 1 and hidden == 0:
        yield place_of(scene, scaling)
        return
    turns = [Turn(generator.random() * 2 * np.pi, bool(generator.random() < 0.5)) for _ in range(count)]
    views = _Views(scene, scaling)
    for turn in turns:
        yield with_columns_hidden(views.turned(turn), scaling, hidden, generator)


def _bases_of(scene: Scene) -> Tensor:
    return time_bases(torch.from_numpy(scene.travel_time_s.astype(np.float32)))


def time_bases(travel_time_s: Tensor) -> Tensor:
    """Return bumps over the logarithm of travel times, shape (..., `TIME_BASES`); the last flags pairs without a way.

    The bumps are tents between the points of a geometric series from 15 s to 2 h, so they add up to 1.
    """
    points = torch.log(torch.from_numpy(BUMPS_S.astype(np.float32)))
    reached = torch.isfinite(travel_time_s)
    step = (points[-1] - points[0]) / (len(points) - 1)
    place = torch.log(travel_time_s.where(reached, torch.ones(())).clamp(min=1.0))
    position = ((place - points[0]) / step).clamp(0, len(points) - 1)
    tents = (1 - (position[..., None] - torch.arange(len(points))).abs()).clamp(min=0)
    return torch.cat([tents * reached[..., None], (~reached)[..., None].float()], dim=-1)


def _scaled(table: NDArray[np.float64], scale: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    known = np.isfinite(table)
    scaled = (np.arcsinh(np.where(known, table, 0) / scale[0]) - scale[1]) / scale[2]
    return np.where(known, scaled.clip(-_CLIP, _CLIP), 0.0), known


def _relative(table: NDArray[np.float64], unit: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the columns scaled by their own scene; 0 where all are the same."""
    if not len(table):
        return table
    bent = np.arcsinh(np.where(np.isfinite(table), table, 0) / unit)
    spread = bent.std(axis=0)
    centred = (bent - bent.mean(axis=0)) / np.where(spread > _LEAST_SPREAD, spread, 1.0)
    return np.asarray(np.where(spread > _LEAST_SPREAD, centred, 0.0).clip(-_RELATIVE_CLIP, _RELATIVE_CLIP))


def _waves(xy_m: NDArray[np.float64], extent_m: float) -> NDArray[np.float64]:
    """Return positions in units of the scene's extent, as such and as waves, shape (Z, 4 waves + 3)."""
    place = xy_m / extent_m
    angle = np.pi * place[:, :, None] * np.array(_WAVES)
    flat = angle.reshape(len(place), -1)
    return np.concatenate([np.sin(flat), np.cos(flat), place, np.hypot(*place.T)[:, None]], axis=1)


def _tensor(values: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))
