"""Describe a whole place by a few numbers that a planner can read: how long its blocks are, how wide it reaches.

They are the yardstick of how near a place lies to those that a model learned from: every column that the demand model
reads has a share in one of them, but for what a place may be without being strange (left-hand traffic, which way is
north).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.scene import Scene

__all__ = ["TRAITS", "Trait", "bent", "has_traits", "traits_of"]

Kind = Literal["size", "share"]


@dataclass(frozen=True)
class Trait:
    """Say what one number about a place is.

    Parameters
    ----------
    name
        Its key in catalogues of words.
    unit
        UDUNITS string of the number.
    kind
        Sizes are compared by ratio, shares by difference.
    floor
        Sizes below it count as this large, so that none is infinitely smaller than another.
    """

    name: str
    unit: str
    kind: Kind
    floor: float = 0.0


TRAITS: Final = (
    Trait("streets", "1", "size", 1.0),
    Trait("extent", "km", "size", 0.01),
    Trait("elongation", "1", "size", 1.0),
    Trait("street_density", "km-1", "size", 0.1),
    Trait("block_length", "m", "size", 1.0),
    Trait("block_spread", "1", "size", 1.0),
    Trait("ways_on", "1", "size", 0.1),
    Trait("lanes", "1", "size", 0.5),
    Trait("speed_limit", "km h-1", "size", 1.0),
    Trait("travel_time", "s", "size", 1.0),
    Trait("curves", "rad km-1", "size", 0.1),
    Trait("concentration", "1", "size", 0.1),
    Trait("zone_area", "km2", "size", 0.0001),
    Trait("motorways", "1", "share"),
    Trait("main_roads", "1", "share"),
    Trait("side_streets", "1", "share"),
    Trait("dead_ends", "1", "share"),
    Trait("signals", "1", "share"),
    Trait("ways_in", "1", "share"),
    Trait("reachable", "1", "share"),
    Trait("grid", "1", "share"),
    Trait("places", "km-2", "size", 0.1),
    Trait("floor_area", "1", "size", 0.0001),
)
"""What a place is described by, in the order in which it is shown."""

_MAIN: Final = ("class_primary", "class_secondary", "class_tertiary")
_SIDE: Final = ("class_residential", "class_service")
_FAST: Final = ("class_motorway", "class_trunk")
_LONG, _BUSY = 0.9, 0.99


def has_traits(scene: Scene) -> bool:
    """Return whether a scene has streets that can be driven: only those are described by these numbers."""
    if not scene.has_edges or not {"length", "drivable", "betweenness"} <= set(scene.edge_columns):
        return False
    return bool((scene.edge_values[:, scene.edge_columns.index("drivable")] > 0).any())


def traits_of(scene: Scene) -> NDArray[np.float64]:
    """Return the numbers of a place in the order of `TRAITS`; NaN where its scene does not know them.

    Raises
    ------
    InputError
        If the scene has no streets: commuting areas are not described by these numbers.
    """
    if not has_traits(scene):
        raise InputError(f"{scene.name}: expected a scene with streets, got one without; describe a road network")
    values = _of_town(scene) | _of_streets(scene) | _of_zones(scene)
    return np.array([values[trait.name] for trait in TRAITS])


def bent(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return traits on scales where equal steps count the same: logarithms of sizes, arcs of shares; (..., traits)."""
    floors = np.array([trait.floor if trait.kind == "size" else 1.0 for trait in TRAITS])
    is_size = np.array([trait.kind == "size" for trait in TRAITS])
    with np.errstate(invalid="ignore"):
        sizes = np.log(np.maximum(values, floors))
        shares = np.arcsin(np.sqrt(np.clip(values, 0.0, 1.0)))
    return np.asarray(np.where(is_size, sizes, shares))


def _of_town(scene: Scene) -> dict[str, float]:
    column = dict(zip(scene.scene_columns, scene.scene_values.astype(float), strict=True))
    spread = np.linalg.eigvalsh(np.cov(scene.zone_xy_m.T.astype(float))) if len(scene) > 1 else np.ones(2)
    return {
        "streets": column["drivable_edges"],
        "extent": column["extent"],
        "elongation": float(np.sqrt(spread[1] / max(spread[0], 1.0))) if spread[1] > 1 else 1.0,
        "street_density": column["lane_density"],
        "ways_in": column["fringe_share_in"],
        "places": _per_area(column, "pois"),
        "floor_area": _per_area(column, "floor_area") / 1e6,
    }


def _per_area(column: dict[str, float], name: str) -> float:
    known = column["buildings_known" if name == "floor_area" else f"{name}_known"] > 0
    return column[name] / column["extent"] ** 2 if known and np.isfinite(column[name]) else float("nan")


def _of_streets(scene: Scene) -> dict[str, float]:
    driven = scene.edge_values[:, scene.edge_columns.index("drivable")] > 0
    table = scene.edge_values[driven].astype(float)

    def of(name: str) -> NDArray[np.float64]:
        return np.asarray(table[:, scene.edge_columns.index(name)])

    length = of("length")

    def by_length(values: NDArray[np.float64]) -> float:
        return float((values * length).sum() / length.sum())

    known = 1.0 - by_length(of("class_other"))
    among = {
        what: by_length(np.sum([of(name) for name in names], axis=0)) / known if known > 0 else float("nan")
        for what, names in (("motorways", _FAST), ("main_roads", _MAIN), ("side_streets", _SIDE))
    }
    typical = float(np.median(length))
    passing = of("betweenness")
    heading = np.arctan2(of("bearing_sine"), of("bearing_cosine"))
    return among | {
        "block_length": typical,
        "block_spread": float(np.quantile(length, _LONG)) / typical,
        "ways_on": float(of("successors").mean()),
        "lanes": by_length(of("lanes")),
        "speed_limit": 3.6 * by_length(of("speed_limit")),
        "curves": by_length(of("turning")),
        "concentration": float(np.quantile(passing, _BUSY) / mean) if (mean := passing.mean()) > 0 else 1.0,
        "dead_ends": float((of("dead_end") > 0).mean()),
        "signals": float((of("ends_at_signal") > 0).mean()),
        "grid": abs(complex(by_length(np.cos(4 * heading)), by_length(np.sin(4 * heading)))),
    }


def _of_zones(scene: Scene) -> dict[str, float]:
    def of(name: str) -> NDArray[np.float64]:
        return np.asarray(scene.zone_values[:, scene.zone_columns.index(name)].astype(float))

    return {
        "travel_time": float(np.median(of("median_travel_time"))),
        "zone_area": float(np.median(of("area"))),
        "reachable": float(of("reachable_share").mean()),
    }
