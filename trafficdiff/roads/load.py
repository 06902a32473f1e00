"""Open any network by its word: what is built is opened, what is not is built once into a cache."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import shutil
from importlib import metadata
from typing import TYPE_CHECKING

import trafficdiff
from trafficdiff.errors import IntegrityError, StoreError
from trafficdiff.publish import is_complete, verify
from trafficdiff.roads.area import area_of_box
from trafficdiff.roads.build import KIND, build, open_built
from trafficdiff.roads.netconvert import ConvertOptions
from trafficdiff.roads.netfile import read_net
from trafficdiff.roads.screen import sha256_of
from trafficdiff.roads.source import Source, find_source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["cache_folder", "load_network", "network_directory"]

_logger = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Return the folder of networks that were built on demand, in the user's cache; it can be deleted at any time."""
    from platformdirs import user_cache_path

    return user_cache_path("trafficdiff") / "networks"


def load_network(
    network: str | Path,
    *,
    options: ConvertOptions | None = None,
    cache: Path | None = None,
    on_step: Callable[[str], None] = _logger.info,
) -> RoadGraph:
    """Open a network: a built directory or a net as it is, a place or an OSM file built once into a cache.

    Parameters
    ----------
    network
        Name of a bundled city, place folder, built directory, OSM file or ``net.xml[.gz]``.
    options
        What kind of net is made where one must be made.
    cache
        Folder of built networks (default: `cache_folder`).
    on_step
        Told in words what is being done.

    Raises
    ------
    NetworkError
        If it names nothing that can be used, or the input is faulty.
    IntegrityError
        If a built directory is not what was published. One in the cache is built again instead.
    """
    source = find_source(network)
    if source.kind == "net":
        return read_net(source.path)
    directory = _directory_of(source, options, cache, on_step)
    return open_built(directory)


def network_directory(
    network: str | Path,
    *,
    options: ConvertOptions | None = None,
    cache: Path | None = None,
    on_step: Callable[[str], None] = _logger.info,
) -> Path | None:
    """Return the built directory of a network, building it where needed; None for a bare net, which has none.

    Parameters and errors are those of `load_network`.
    """
    source = find_source(network)
    return None if source.kind == "net" else _directory_of(source, options, cache, on_step)


def _directory_of(
    source: Source, options: ConvertOptions | None, cache: Path | None, on_step: Callable[[str], None]
) -> Path:
    if source.kind == "built":
        return source.path
    file = source.path if source.place is None else source.place.checked_path()
    options = options or ConvertOptions()
    directory = (cache or cache_folder()) / f"{file.name.split('.')[0]}-{_key(file, source, options)}"
    if is_complete(directory):
        try:
            verify(directory, kind=KIND)
        except IntegrityError as error:
            _logger.warning("%s; building it again", error)
            shutil.rmtree(directory)
        else:
            return directory
    try:
        _build(source, file, directory, options, on_step)
    except StoreError:
        if not is_complete(directory):  # or another process was faster, and its result is as good
            raise
    return directory


def _build(
    source: Source, file: Path, directory: Path, options: ConvertOptions, on_step: Callable[[str], None]
) -> None:
    place = source.place
    if place is None:
        build(file, directory=directory, options=options, on_step=on_step)
        return
    build(
        file,
        directory=directory,
        area=area_of_box(place.box),
        options=options,
        name=place.name,
        time_zone=place.time_zone,
        origin=place.source,
        attribution=place.attribution,
        on_step=on_step,
    )


def _key(file: Path, source: Source, options: ConvertOptions) -> str:
    """Return a name for all that decides what is built: file, card, options and versions."""
    parts = {
        "sha256": sha256_of(file),
        "place": None if source.place is None else source.place.model_dump(mode="json"),
        "options": dataclasses.asdict(options),
        "trafficdiff": trafficdiff.__version__,
        "eclipse-sumo": metadata.version("eclipse-sumo"),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
