"""Hold what is known of one city's trips beside what the demand model believes of any city."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.errors import Faults, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["LocalFactors", "place_digest"]


@dataclass(frozen=True, eq=False, kw_only=True)
class LocalFactors:
    """Say how much likelier trip ends and pairs are in this place than the model's prior believes; immutable.

    Parameters
    ----------
    edge
        Shape (E, 2), logarithm of the factor on an edge's weight as origin, and as destination.
    pair
        Shape (Z, Z), logarithm of the factor on going from zone to zone.

    Raises
    ------
    InputError
        If a number is not finite, or the shapes are not those of a place.
    """

    edge: NDArray[np.float32]
    pair: NDArray[np.float32]

    def __post_init__(self) -> None:
        faults = Faults("local factors")
        if self.edge.ndim != 2 or self.edge.shape[1] != 2:
            faults.add(f"expected factors of edges of shape (E, 2), got {self.edge.shape}")
        if self.pair.ndim != 2 or self.pair.shape[0] != self.pair.shape[1]:
            faults.add(f"expected factors of pairs of shape (Z, Z), got {self.pair.shape}")
        if not (np.isfinite(self.edge).all() and np.isfinite(self.pair).all()):
            faults.add("expected finite factors, got others")
        faults.raise_if_any(InputError)


def place_digest(graph: RoadGraph, *, edge_index: NDArray[np.int32], edge_offsets: NDArray[np.int64]) -> str:
    """Return a hash of a net's edges and of the zones that they lie in: equal where local factors fit.

    Parameters
    ----------
    graph
        The roads.
    edge_index, edge_offsets
        Of the scene: which edges each zone holds.
    """
    digest = hashlib.sha256("\n".join(map(str, graph.edge_id)).encode())
    digest.update(np.ascontiguousarray(edge_index, np.int64).tobytes())
    digest.update(np.ascontiguousarray(edge_offsets, np.int64).tobytes())
    return digest.hexdigest()
