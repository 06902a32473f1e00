"""Make up how days of one place differ: a declared transformation of real, randomised and counted trips alike.

Real demand to learn from is one day a city. A day here gives each trip a factor, smooth over the map::

    log w(trip) = f(o) + g(d) + corridor(o) corridor(d) + rim(trip)

where f and g are slopes and rings, and now and then a hill or a hollow: one side of the town swells, the middle
empties, an event draws people to a quarter, a corridor fills, more comes from outside. All shapes and heights are
declared, none is measured; what a model learns from them is how trips of one day go together, not how much days
differ: that is chosen when it draws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.diffusion.prior import rim_capacity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.scene import Scene

    Array = NDArray[np.float64]

__all__ = ["day_factors"]

_MOST: Final = 2.5
"""Largest logarithm of a factor."""
_HILL: Final = 0.3
_CORRIDOR: Final = 0.3
"""Shares of days with a hill in either field, and with a corridor."""


def day_factors(scene: Scene, rows: NDArray[np.int64], *, spread: float, generator: np.random.Generator) -> Array:
    """Return the factor of each trip of a made-up day, shape (N,).

    Parameters
    ----------
    scene
        The place and its trips.
    rows
        Shape (N,), trips.
    spread
        Largest spread of the logarithm's parts; each day draws its own below it.
    generator
        Source of randomness.
    """
    trips = scene.trips
    origin, destination = trips.origin_zone[rows], trips.destination_zone[rows]
    xy = scene.zone_xy_m.astype(np.float64)
    xy = xy / max(float(np.sqrt((xy**2).sum(axis=1).mean())), 1.0)
    strength = spread * generator.random()
    begin, end = _field(xy, strength, generator), _field(xy, strength, generator)
    total = begin[origin] + end[destination]
    if generator.random() < _CORRIDOR:
        along = _corridor(xy, generator)
        total += 2 * strength * generator.normal() * along[origin] * along[destination]
    for way, edge in (("in", trips.origin_edge), ("out", trips.destination_edge)):
        height = strength * generator.normal()
        if scene.has_edges:
            total += height * (rim_capacity(scene, way)[edge[rows]] > 0)
    return np.asarray(np.exp((total - total.mean()).clip(-_MOST, _MOST)))


def _field(xy: Array, strength: float, generator: np.random.Generator) -> Array:
    """Return a smooth field over zones: a slope and a ring, and on some days a hill or a hollow, shape (Z,)."""
    angle = generator.uniform(0, 2 * np.pi)
    slope = xy @ np.array([np.cos(angle), np.sin(angle)])
    heights = strength * generator.normal(size=3) * (1.2, 0.7, 1.5)
    field = heights[0] * slope + heights[1] * (np.hypot(*xy.T) - 1)
    if generator.random() < _HILL:
        centre, width = xy[generator.integers(len(xy))], generator.uniform(0.25, 0.7)
        field += heights[2] * np.exp(-(((xy - centre) / width) ** 2).sum(axis=1) / 2)
    return np.asarray(field)


def _corridor(xy: Array, generator: np.random.Generator) -> Array:
    """Return how near zones lie to a random line through the town, from 0 to 1, shape (Z,)."""
    angle = generator.uniform(0, np.pi)
    across = xy @ np.array([-np.sin(angle), np.cos(angle)]) - generator.normal(0, 0.4)
    return np.asarray(np.exp(-((across / 0.35) ** 2) / 2))
