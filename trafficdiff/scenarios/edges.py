"""Find the edges that a measure means."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.edge_choice import EdgeChoice
from trafficdiff.errors import Faults, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.edge_choice import Area
    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["choose", "near_matches"]

_SUGGESTED: Final = 3
_SHOWN: Final = 5


def choose(graph: RoadGraph, choice: EdgeChoice | Area) -> NDArray[np.bool_]:
    """Return which edges are meant; everything that the choice gives must hold.

    Parameters
    ----------
    graph
        The roads.
    choice
        Ids, street names (capitals do not matter), classes; a box or polygon that holds the middle of the edge, as
        measured along it (longitude and latitude, WGS 84).

    Returns
    -------
    Shape (E,), at least one True.

    Raises
    ------
    ScenarioError
        Listing every unknown id, street and class with the nearest ones that there are, or saying that nothing is
        chosen.
    """
    faults = Faults("choice of roads")
    chosen = np.ones(graph.edge_count, bool)
    if isinstance(choice, EdgeChoice):
        for values, wanted, what in (
            (graph.edge_id, choice.edges, "edge"),
            (graph.street_name, choice.streets, "street"),
            (graph.road_class, choice.classes, "road class"),
        ):
            if wanted is not None:
                chosen &= _matching(values, wanted, what=what, faults=faults)
    faults.raise_if_any(ScenarioError)
    if choice.box is not None or choice.polygon is not None:
        chosen &= _inside(graph, choice)
    if not chosen.any():
        raise ScenarioError(
            f"expected a choice that holds at least one of {graph.edge_count} edges, got none: no edge fulfils "
            f"{_given(choice)}; widen the choice, or look the roads up on a map"
        )
    return chosen


def near_matches(name: str, known: Iterable[str]) -> str:
    """Return the known names that look most like one, in words, or ``none looks like it``."""
    folded = {one.casefold(): one for one in known if one}
    near = difflib.get_close_matches(name.casefold(), folded, n=_SUGGESTED, cutoff=0.6)
    return "did you mean " + ", ".join(repr(folded[one]) for one in near) + "?" if near else "none looks like it"


def _matching(values: NDArray[np.object_], wanted: Sequence[str], *, what: str, faults: Faults) -> NDArray[np.bool_]:
    """Return where a column is one of the wanted words; ids must match exactly, names but for their capitals."""
    fold = (lambda text: text) if what == "edge" else str.casefold
    column = np.array([fold(str(value)) for value in values], object)
    known = set(column.tolist())
    unknown = [name for name in dict.fromkeys(wanted) if fold(name) not in known]
    article = "an" if what == "edge" else "a"
    for name in unknown[:_SHOWN]:
        faults.add(f"expected {article} {what} of these roads, got {name!r}; {near_matches(name, map(str, values))}")
    if len(unknown) > _SHOWN:
        faults.add(
            f"and {len(unknown) - _SHOWN} more of {len(set(wanted))} that are not {article} {what} of these roads"
        )
    return np.isin(column.astype(str), [fold(name) for name in wanted])


def _inside(graph: RoadGraph, area: Area) -> NDArray[np.bool_]:
    """Return which edges have their middle in a box and a polygon, shape (E,)."""
    import shapely

    lonlat = graph.to_lonlat(graph.midpoint_xy)
    inside = np.ones(graph.edge_count, bool)
    if area.box is not None:
        west, south, east, north = area.box
        inside &= (lonlat[:, 0] >= west) & (lonlat[:, 0] <= east) & (lonlat[:, 1] >= south) & (lonlat[:, 1] <= north)
    if area.polygon is not None:
        polygon = shapely.Polygon(area.polygon)
        if not polygon.is_valid:
            raise ScenarioError(
                f"expected a polygon whose sides do not cross, got {shapely.is_valid_reason(polygon)}; "
                "give the corners in order"
            )
        inside &= shapely.intersects_xy(polygon, lonlat[:, 0], lonlat[:, 1])
    return inside


def _given(choice: Area) -> str:
    return " and ".join(name for name in sorted(type(choice).model_fields) if getattr(choice, name) is not None)
