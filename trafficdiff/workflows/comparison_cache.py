"""Keep what is slow in a comparison, so that the next one who asks has it at once.

::

    FOLDER/roads-<key>/   edges.parquet  intervals.zarr      key: study hash, base, scenario, confidence, rate,
           trips-<key>/   zones.parquet  fates.json               version of trafficdiff

A part appears whole or not at all, is checked when it is read, and made anew where it is not what was written. Nothing
depends on the folder: where it cannot be written, parts are made each time.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from typing import TYPE_CHECKING, Final, TypeVar

from trafficdiff.errors import StoreError
from trafficdiff.publish import is_complete, publishing, verify
from trafficdiff.workflows.compare import CONFIDENCE, FALSE_DISCOVERY_RATE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import geopandas as gpd
    import xarray as xr

    from trafficdiff.store.stack import Study
    from trafficdiff.workflows.compare import Pair

__all__ = ["KIND", "cached_roads", "cached_trips"]

KIND: Final = "cached comparison"
"""What the manifest of a part says that it holds."""
_FORMAT: Final = 1
_MOST_PARTS: Final = 100
"""Parts that are kept; the one that was made first goes first."""

_Part = TypeVar("_Part")
_logger = logging.getLogger(__name__)


def cached_roads(
    study: Study,
    pair: Pair,
    *,
    folder: Path | None,
    confidence: float = CONFIDENCE,
    rate: float = FALSE_DISCOVERY_RATE,
) -> tuple[gpd.GeoDataFrame, xr.Dataset]:
    """Return ``edges`` and ``intervals`` of a comparison; see `Comparison`.

    Parameters
    ----------
    study, pair
        What is compared.
    folder
        Where parts are kept; None for nowhere.
    confidence, rate
        As for `compare`.
    """
    from trafficdiff.workflows.compare_edges import compare_edges, graphs_of

    def make() -> tuple[gpd.GeoDataFrame, xr.Dataset]:
        graphs = graphs_of(study, pair.base, pair.scenario, sample=pair.samples[0])
        return compare_edges(study, pair, confidence=confidence, rate=rate, graphs=graphs)

    place = None if folder is None else folder / f"roads-{_key(study, pair, confidence=confidence, rate=rate)}"
    return _cached(place, make=make, write=_write_roads, read=_read_roads)


def cached_trips(
    study: Study,
    pair: Pair,
    *,
    folder: Path | None,
    confidence: float = CONFIDENCE,
    rate: float = FALSE_DISCOVERY_RATE,
) -> tuple[gpd.GeoDataFrame, Mapping[str, float]]:
    """Return ``zones`` and ``fates`` of a comparison; see `Comparison`. Parameters as `cached_roads`."""
    from trafficdiff.workflows.compare_edges import graphs_of
    from trafficdiff.workflows.compare_trips import compare_trips

    def make() -> tuple[gpd.GeoDataFrame, Mapping[str, float]]:
        graph, _ = graphs_of(study, pair.base, pair.scenario, sample=pair.samples[0])
        return compare_trips(study, pair, confidence=confidence, rate=rate, graph=graph)

    place = None if folder is None else folder / f"trips-{_key(study, pair, confidence=confidence, rate=rate)}"
    return _cached(place, make=make, write=_write_trips, read=_read_trips)


def _key(study: Study, pair: Pair, *, confidence: float, rate: float) -> str:
    import trafficdiff

    content = [_FORMAT, trafficdiff.__version__, study.hash, pair.base, pair.scenario, confidence, rate]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]


def _cached(
    place: Path | None,
    *,
    make: Callable[[], _Part],
    write: Callable[[_Part, Path], None],
    read: Callable[[Path], _Part],
) -> _Part:
    if place is not None and is_complete(place):
        try:
            verify(place, kind=KIND)
            return read(place)
        except (StoreError, OSError, ValueError, KeyError) as error:
            _logger.warning("%s is not what was written, it is made anew: %s", place, error)
            shutil.rmtree(place, ignore_errors=True)
    part = make()
    if place is not None:
        try:
            with publishing(place, kind=KIND) as temporary:
                write(part, temporary)
            _forget_oldest(place.parent)
        except (StoreError, OSError) as error:  # another process was first, or the folder may not be written
            _logger.info("%s is not kept: %s", place, error)
    return part


def _forget_oldest(folder: Path) -> None:
    parts = sorted((path for path in folder.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
    for path in parts[:-_MOST_PARTS]:
        shutil.rmtree(path, ignore_errors=True)


def _write_roads(part: tuple[gpd.GeoDataFrame, xr.Dataset], folder: Path) -> None:
    from trafficdiff.store.arrays import write_dataset

    edges, intervals = part
    edges.to_parquet(folder / "edges.parquet")
    write_dataset(intervals, folder / "intervals.zarr", attributes={})


def _read_roads(folder: Path) -> tuple[gpd.GeoDataFrame, xr.Dataset]:
    import geopandas as gpd

    from trafficdiff.store.arrays import read_dataset

    return gpd.read_parquet(folder / "edges.parquet"), read_dataset(folder / "intervals.zarr").load()


def _write_trips(part: tuple[gpd.GeoDataFrame, Mapping[str, float]], folder: Path) -> None:
    zones, fates = part
    zones.to_parquet(folder / "zones.parquet")
    known = {name: count if count == count else None for name, count in fates.items()}  # noqa: PLR0124 - NaN
    (folder / "fates.json").write_text(json.dumps(known) + "\n", encoding="utf-8")


def _read_trips(folder: Path) -> tuple[gpd.GeoDataFrame, Mapping[str, float]]:
    import geopandas as gpd

    fates = json.loads((folder / "fates.json").read_bytes())
    known = {str(name): float("nan") if count is None else float(count) for name, count in fates.items()}
    return gpd.read_parquet(folder / "zones.parquet"), known
