"""Show roads on a map in the browser: values by colour and width, time, vehicles, split view, selection.

Everything that only changes the look stays in the browser: panning, time, play, hover, split view, "show before".
Python hears of a selection, and of nothing else. Packed data travel once; a rerun sends what is said here, some
kilobytes.

    roads = map_data.encode(roads=map_data.roads_of(graph), background=background)      # cache both: they never change
    values = map_data.encode(values={"delay": map_data.RoadValues(values=delay_s, shown=distinguishable)})
    event = road_map(
        key="congestion",
        data=[roads, values],
        picture=Picture(layer="delay", title="Change", legend="Change of delay", unit="s", limits=(-60, 60),
                        palette="change"),
        selectable=("click", "box", "polygon"),
    )
    event.selected
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import streamlit as st

from dashboards.shell import view
from dashboards.shell.state import settings
from dashboards.shell.words import language, plain_word
from trafficdiff.export.map_data import MapData

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamlit.components.v2.types import ComponentRenderer

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["MapEvent", "Picture", "PointLook", "Tiles", "map_share", "road_map"]

Mark = Literal["closed", "added", "removed", "changed", "unmatched"]
SelectionMode = Literal["click", "box", "polygon"]

_NAME: Final = "trafficdiff.road_map"
_MOST_BLOBS: Final = 8
_MOST_EDGES: Final = 10_000
_TALL, _SHARE_TALL, _SHARE_WIDE = 1.15, 1.25, 1.5
"""Height over width from which a city is tall, and the shares of the page that maps of tall and of other cities get."""
_PALETTES: Final[dict[str, str]] = {
    "level": "fde725c8e02090d7435cc86335b77920a48621908d287c8e31688e3b518b443983481f70440154",
    "level_dark": "44015448247944398338598c2d708e25858e1e9b8a2ab07f52c56986d549c2df22fde725",
    "change": "2d004b471a746340948275ada39bc7c2bedcfdc885f4a84ce18417c2660ba24e077f3b08",
    "change_dark": "d9c2ffbd9bff9f7ae0836abd6c5f97585572756049946b33b97a2bdc8c2affa63bffcb80",
}
"""Colours from low to high, six hexadecimal digits each; the browser mixes neighbours.

viridis (matplotlib; the strong end is dark on light ground and light on dark ground), and purple to orange
as in the picture of `export.difference_map` (ColorBrewer's PuOr without its white), with light ends for dark ground.
"""
_WORDS: Final = (
    "map", "zoom_in", "zoom_out", "whole_map", "select_click", "select_box", "select_polygon", "select_none",
    "clear", "split", "before", "before_hint", "play", "pause", "time", "speed", "whole", "earlier", "later",
    "divider", "legend", "no_chance", "no_data", "closed", "added", "removed", "changed", "unmatched", "sketch",
    "selected", "vehicles", "selected_count", "selected_one", "selected_more", "interval", "unnamed", "not_shown",
    "nothing", "polygon_hint", "loading", "failed", "keys", "credit",
)  # fmt: skip
"""Texts of the map's own buttons and legend."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Say what the colours of the roads show. Texts are plain, not Markdown (`plain_word`).

    Parameters
    ----------
    layer
        Name of the values in the data, of shape (E,) or (T, E): the latter follows the time slider.
    title
        What is seen, for example ``"Scenario"``; stands in the corner of a split view and on "show before".
    legend
        What the colours mean, for example ``"Change of delay"``.
    unit
        Unit behind the numbers.
    limits
        Values at the ends of the colour scale; the same twice where nothing is coloured, and the legend has no scale.
    palette
        ``"level"``: viridis, wide is much. ``"change"``: purple less, orange more, wide is far from zero.
    digits
        Decimals of the numbers that are shown.
    whole
        Name of another layer, shape (E,), that is shown while no interval is picked ("whole period"), or None.
    """

    layer: str
    title: str
    legend: str
    unit: str = ""
    limits: tuple[float, float] = (0.0, 1.0)
    palette: Literal["level", "change"] = "level"
    digits: int = 1
    whole: str | None = None


@dataclass(frozen=True, kw_only=True)
class PointLook:
    """Say what points on the map are, and what their colours show. Texts are plain, not Markdown.

    Parameters
    ----------
    label
        What they are, for the legend and below what hovering says.
    legend, unit, digits
        What the colours mean, the unit behind the numbers, and their decimals.
    limits
        Values at the ends of the colour scale; None for points of one colour.
    ring
        Whether they are rings, which can be told from discs without colour.
    palette
        ``"level"``, or ``"change"``: purple less, orange more, and grey (a level of NaN) where it may be chance.
    """

    label: str
    legend: str = ""
    unit: str = ""
    digits: int = 1
    limits: tuple[float, float] | None = None
    ring: bool = False
    palette: Literal["level", "change"] = "level"


@dataclass(frozen=True, kw_only=True)
class Tiles:
    """Name a server of map pictures, fetched by the browser. Never on unless the person who serves asks for it.

    Parameters
    ----------
    url
        Template with ``{z}``, ``{x}`` and ``{y}``, https; http on this machine only.
    credit
        Whom to thank, shown on the map.
    """

    url: str
    credit: str


@dataclass(frozen=True)
class MapEvent:
    """Represent what the map says.

    Parameters
    ----------
    selected
        Ids of the selected edges, in the order of the roads; the whole selection, not only what was added last.
    position
        Longitude, latitude and zoom when the last event was sent, or None before the first one.
    interval
        Index of the shown interval at that time; None for the whole period or without intervals.
    clicked_at
        Longitude and latitude of the last click, also where no road is, or None.
    more
        How many more edges the last box or polygon held than `most_selected`.
    number
        Counts the events.
    """

    selected: tuple[str, ...] = ()
    position: view.MapPosition | None = None
    interval: int | None = None
    clicked_at: tuple[float, float] | None = None
    more: int = 0
    number: int = 0


def map_share(graph: RoadGraph) -> float:
    """Return how wide a map is where what stands beside it has width 1: less for a city that is taller than wide."""
    width_m, height_m = np.ptp(graph.midpoint_xy, axis=0) if len(graph.edge_id) else (1.0, 1.0)
    return _SHARE_TALL if height_m > _TALL * width_m else _SHARE_WIDE


def road_map(
    *,
    key: str,
    data: MapData | Sequence[MapData],
    picture: Picture | None = None,
    beside: Picture | None = None,
    before: Picture | None = None,
    split: bool = False,
    selectable: Sequence[SelectionMode] = (),
    selected: Sequence[str] | None = None,
    most_selected: int = 500,
    marks: Mapping[Mark, Sequence[str]] | None = None,
    sketches: Sequence[Sequence[tuple[float, float]]] = (),
    points: Mapping[str, str | PointLook] | None = None,
    vehicle_kinds: Sequence[str] = (),
    focus: Sequence[str] = (),
    description: str = "",
    height: int = 560,
    in_url: bool = True,
    tiles: Tiles | None = None,
) -> MapEvent:
    """Show a map and return what was selected on it.

    Parameters
    ----------
    key
        Name of the map on its page; the browser keeps view, time and selection by it.
    data
        What `trafficdiff.export.map_data.encode` made, one or several: later ones add layers, or replace those of the
        same name. The first one has the roads. Blobs that the browser has are not sent again.
    picture
        What the roads show; None draws them plainly.
    beside
        What the other side of the split view shows (left of the divider: `beside`, right: `picture`), or None for no
        split view.
    before
        What "show before" shows while it is held, or None for no such button.
    split
        Whether the split view is open at first.

    Other Parameters
    ----------------
    selectable
        Ways to select; the first one is on at first. Clicking selects one road; with Shift, roads are added or taken
        away.
    selected
        Selection that the page wants; None leaves it to the map. Where it differs from the one that the page gave last,
        it wins over the map's.
    most_selected
        No box or polygon selects more edges.
    marks
        Ids of edges that are dashed: closed, added, removed, changed, unmatched.
    sketches
        Lines that are no roads yet, longitude and latitude, dotted.
    points
        Label, or look, of every layer of points in the data that is to be shown.
    vehicle_kinds
        Label for the legend of every kind of vehicles; needed where there is more than one.
    focus
        Ids of edges to fly to; where this differs from last time.
    description
        What the map shows, for those who cannot see it.
    height
        Height of the map [px].
    in_url
        Whether the URL's ``map`` says where the map looks; for one map a page only.
    tiles
        Pictures from a server behind the roads; None for those that ``trafficdiff serve --tiles`` asked for, if any.
    """
    blobs = [data] if isinstance(data, MapData) else list(data)
    if not 1 <= len(blobs) <= _MOST_BLOBS:
        raise ValueError(f"expected 1 to {_MOST_BLOBS} blobs of data, got {len(blobs)}")
    event = _event_of(st.session_state.get(key))
    if in_url and event.position is not None:
        view.put(map=event.position)
    wanted: dict[str, Any] = {
        "key": key,
        "data": [blob.data_id for blob in blobs],
        "picture": _picture(picture),
        "beside": _picture(beside),
        "before": _picture(before),
        "split": split,
        "selectable": list(selectable),
        "selected": None if selected is None else [str(edge) for edge in selected],
        "most_selected": most_selected,
        "marks": {mark: list(edges) for mark, edges in (marks or {}).items() if len(edges)},
        "sketches": [[[round(float(x), 7), round(float(y), 7)] for x, y in line] for line in sketches],
        "points": {name: _point_look(look) for name, look in (points or {}).items()},
        "vehicle_kinds": list(vehicle_kinds),
        "focus": list(focus),
        "description": description,
        "height": height,
        "url_key": "map" if in_url else None,
        "position": view.map_position() if in_url else None,
        "tiles": None if (pictures := tiles or _asked_tiles()) is None else asdict(pictures),
        "palettes": _PALETTES,
        "words": {name: plain_word(f"map.{name}") for name in _WORDS},
        "language": language(),
        "echo": event.number,
    }
    with st.container(gap=None):
        for place, blob in enumerate(blobs):
            _component()(key=f"{key}.data.{place}", data=blob.blob)
        _component()(key=key, data=wanted, on_event_change=_nothing)
    return event


@cache
def _component() -> ComponentRenderer:
    """Return the component; its JavaScript is found through `trafficdiff/pyproject.toml`."""
    return st.components.v2.component(_NAME, js="road_map.js")


def _nothing() -> None:
    """Let the page run again, which reads the event."""


def _picture(picture: Picture | None) -> dict[str, Any] | None:
    return None if picture is None else asdict(picture)


def _asked_tiles() -> Tiles | None:
    """Return the pictures that the person who serves asked for."""
    asked = settings()
    return Tiles(url=asked.tiles, credit=asked.tiles_credit) if asked.tiles else None


def _point_look(look: str | PointLook) -> dict[str, Any]:
    return asdict(PointLook(label=look) if isinstance(look, str) else look)


def _event_of(state: object) -> MapEvent:
    """Return what the browser said, without what it cannot have said."""
    said = state.get("event") if isinstance(state, Mapping) else None
    if not isinstance(said, Mapping):
        return MapEvent()
    edges, position, clicked = (
        said.get("selected"),
        _numbers(said.get("position"), 3),
        _numbers(said.get("clicked_at"), 2),
    )
    interval, more, number = (_count(said.get(name)) for name in ("interval", "more", "number"))
    return MapEvent(
        selected=tuple(edge for edge in edges[:_MOST_EDGES] if isinstance(edge, str))
        if isinstance(edges, list)
        else (),
        position=None if position is None else (position[0], position[1], position[2]),
        interval=interval,
        clicked_at=None if clicked is None else (clicked[0], clicked[1]),
        more=more or 0,
        number=number or 0,
    )


def _numbers(said: object, count: int) -> list[float] | None:
    """Return finite numbers, or None where the browser said anything else."""
    if not isinstance(said, list) or len(said) != count:
        return None
    fine = all(isinstance(part, int | float) and math.isfinite(part) for part in said)
    return [float(part) for part in said] if fine else None


def _count(said: object) -> int | None:
    return said if isinstance(said, int) and not isinstance(said, bool) and said >= 0 else None
