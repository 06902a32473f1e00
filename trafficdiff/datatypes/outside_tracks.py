"""Read track files of other tools: one door, a reader a format.

===============  ===========================================================================  ======================
ending           what it is                                                                   map
===============  ===========================================================================  ======================
``.mcap``        ASAM OSI ground truth, omega-prime                                            not read
``.pkl``         ScenarioNet dictionary (plain data only: no code in it is run)                lanes, where they lead
``.xml``         CommonRoad 2020a                                                              lanelets
``.parquet``     Argoverse 2 motion forecasting; or the tracks that this package exports       none in the file
===============  ===========================================================================  ======================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trafficdiff.datatypes.net_shapes import NetShapes
    from trafficdiff.datatypes.tracks import Tracks

__all__ = ["Recording", "is_track_file", "read_outside_tracks"]


@dataclass(frozen=True, eq=False)
class Recording:
    """Hold what a file of tracks says.

    Parameters
    ----------
    tracks
        Everybody's box centres over time.
    ego
        Whose recording it is; empty where the file does not say.
    shapes
        Its map; None where it has none that is read.
    """

    tracks: Tracks
    ego: str = ""
    shapes: NetShapes | None = None


def is_track_file(path: Path) -> bool:
    """Return whether a file has the ending of one that can be read."""
    return path.is_file() and path.suffix in _readers()


def read_outside_tracks(path: Path) -> Recording:
    """Read a file of tracks.

    Raises
    ------
    InputError
        If it is missing, damaged, or of none of the formats.
    MissingDependencyError
        If a format needs a package that is not installed.
    """
    readers = _readers()
    if path.suffix not in readers:
        raise InputError(f"{path}: expected a file of {', '.join(sorted(readers))}, got {path.suffix or 'no ending'}")
    if not path.is_file():
        raise InputError(f"{path}: expected a file of tracks, found none")
    return readers[path.suffix](path)


def _readers() -> dict[str, Callable[[Path], Recording]]:
    from trafficdiff.datatypes.outside_commonroad import read_commonroad
    from trafficdiff.datatypes.outside_osi import read_osi
    from trafficdiff.datatypes.outside_parquet import read_parquet
    from trafficdiff.datatypes.outside_scenarionet import read_scenarionet

    return {".mcap": read_osi, ".pkl": read_scenarionet, ".xml": read_commonroad, ".parquet": read_parquet}
