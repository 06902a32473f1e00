"""Say what a measure did, so that nobody has to guess: roads touched, trips changed, numbers that were declared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Declared", "Effect"]


@dataclass(frozen=True, kw_only=True)
class Declared:
    """Hold a number that was declared and not learned: its value, its unit, where it comes from."""

    value: float
    unit: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Effect:
    """Say what one measure did.

    Parameters
    ----------
    kind
        As in the scenario.
    summary
        One line for people.
    edges
        Ids of the roads that were touched.
    trips
        How many trips were changed, by what happened to them (``removed``, ``added``, ``rerouted``, ``paid``...).
    trip_ids
        Ids of the trips that left the road, by what happened to them.
    declared
        Numbers that were declared, by name.
    amounts
        What can be measured in other units, by a name that ends in its unit (``revenue_money``...).
    """

    kind: str
    summary: str
    edges: tuple[str, ...] = ()
    trips: Mapping[str, int] = field(default_factory=dict)
    trip_ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    declared: Mapping[str, Declared] = field(default_factory=dict)
    amounts: Mapping[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "kind": self.kind,
            "summary": self.summary,
            "edges": list(self.edges),
            "trips": dict(self.trips),
            "trip_ids": {name: list(ids) for name, ids in self.trip_ids.items()},
            "declared": {name: vars(value) for name, value in self.declared.items()},
            "amounts": dict(self.amounts),
        }
