"""Hold an AV scene: some seconds of road users around an ego, on one net, under one sky.

A *scene* of the demand model (`trafficdiff.datatypes.scene`) is something else: the map that it reads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.scene_environment import Environment, SignalStates
from trafficdiff.datatypes.vehicles import VEHICLE_CLASSES
from trafficdiff.errors import Faults, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.tracks import Tracks

__all__ = ["ACTOR_KINDS", "DrivingScene"]

ACTOR_KINDS: Final = frozenset(VEHICLE_CLASSES)
"""Kinds of road users that a scene may hold: SUMO's vehicle classes, pedestrians among them."""
_LARGEST_SIZE_M: Final = 250.0
"""No road user is longer (a train of 200 m is the longest of SUMO's defaults)."""


@dataclass(frozen=True, eq=False, kw_only=True)
class DrivingScene:
    """Represent an AV scene; immutable.

    Parameters
    ----------
    name
        For people and for file names: letters, digits, ``_ . -``.
    tracks
        Everybody's box centres over time, the ego among them. Times are seconds of the simulated day; the scene
        lasts from the first sample to the last.
    edge_id
        Ids of the edges that ``tracks.edge`` counts; ``graph.edge_id`` where the tracks were made on a graph.
    ego
        The user id that the scene is about.
    net_file
        SUMO net (``.net.xml`` or ``.net.xml.gz``) that the coordinates lie in.
    environment
        Time of day, fog, precipitation, sun, friction.
    signals
        What signals show; empty where the net has none.
    tags
        What kind of scene it is, in ASAM OpenLABEL's words.
    provenance
        That it is synthetic, and from which model, data and seed.

    Raises
    ------
    InputError
        Listing every fault: an ego that is not there, users of unknown kind or of impossible size, ids that are
        not unique, an edge that has no name, a net that is not there.
    """

    name: str
    tracks: Tracks
    edge_id: NDArray[np.object_]
    ego: str
    net_file: Path
    environment: Environment = field(default_factory=Environment)
    signals: SignalStates = field(default_factory=SignalStates)
    tags: tuple[str, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        faults = Faults(f"scene {self.name!r}")
        self._check_name(faults)
        self._check_users(faults)
        if not self.net_file.is_file():
            faults.add(f"expected the map at {self.net_file}, found no file; give the net that the tracks lie on")
        faults.raise_if_any(InputError)
        object.__setattr__(self, "provenance", MappingProxyType(dict(self.provenance)))

    def _check_name(self, faults: Faults) -> None:
        plain = self.name.replace("_", "a").replace("-", "a").replace(".", "a")
        if not (plain.isascii() and plain.isalnum()) or self.name.startswith(".") or len(self.name) > 200:
            faults.add(f"expected a name of letters, digits and _ . -, got {self.name!r}")

    def _check_users(self, faults: Faults) -> None:
        tracks = self.tracks
        names, counts = np.unique(tracks.user_id.astype(str), return_counts=True)
        if (counts > 1).any():
            faults.add(f"expected each user once, got {names[counts > 1].tolist()[:5]} several times")
        if self.ego not in set(names):
            faults.add(
                f"expected the ego {self.ego!r} among the {len(names)} users, found none; name one that is there"
            )
        for kind in sorted({str(kind) for kind in tracks.user_kind} - ACTOR_KINDS):
            who = tracks.user_id[tracks.user_kind == kind][0]
            faults.add(f"user {who!r}: expected a kind among SUMO's vehicle classes, got {kind!r}")
        for what in ("length_m", "width_m"):
            sizes = getattr(tracks, what)
            for place in np.flatnonzero((sizes <= 0) | (sizes > _LARGEST_SIZE_M))[:5]:
                faults.add(
                    f"user {tracks.user_id[place]!r}: expected a {what} above 0 and up to {_LARGEST_SIZE_M:g}, "
                    f"got {sizes[place]:g}"
                )
        if len(tracks.edge) and int(tracks.edge.max()) >= len(self.edge_id):
            faults.add(f"expected edges among {len(self.edge_id)} names, got number {int(tracks.edge.max())}")

    @property
    def begin_s(self) -> float:
        """First moment of the scene [s of the simulated day]."""
        return float(self.tracks.time_s.min())

    @property
    def end_s(self) -> float:
        """Last moment of the scene [s of the simulated day]."""
        return float(self.tracks.time_s.max())

    @property
    def ego_place(self) -> int:
        """Position of the ego among the users."""
        return int(np.flatnonzero(self.tracks.user_id == self.ego)[0])
