"""Hold counted traffic: how many vehicles entered an edge in an interval."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.errors import Faults, InputError
from trafficdiff.screening import open_screened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["Counts", "read_counts", "write_edge_data"]

_COLUMNS: Final = ("edge", "begin", "end", "count")
_ATTRIBUTES: Final = ("entered", "count")


@dataclass(frozen=True, eq=False, kw_only=True)
class Counts:
    """Represent counts, one row a place and interval; immutable.

    Parameters
    ----------
    graph
        The roads.
    edge
        Shape (C,), edge positions in `graph`.
    begin_s, end_s
        Shape (C,), interval [s of the simulated day].
    count
        Shape (C,), vehicles that entered the edge.
    """

    graph: RoadGraph
    edge: NDArray[np.int32]
    begin_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    count: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.edge)


def read_counts(path: Path, graph: RoadGraph) -> Counts:
    """Read counts from SUMO edge data (attribute ``entered`` or ``count``) or a CSV file.

    Parameters
    ----------
    path
        ``.xml[.gz]``, or ``.csv`` with the columns edge, begin, end, count.
    graph
        The net that the edges are on.

    Raises
    ------
    InputError
        If the file cannot be read or holds no counts; naming rows that are no counts, and edges not in the net.
    """
    rows = _csv_rows(path) if path.suffix.lower() == ".csv" else _edge_data_rows(path)
    faults = Faults(str(path))
    kept = [found for row in rows if (found := _checked(row, graph, faults)) is not None]
    faults.raise_if_any(InputError)
    if not kept:
        raise InputError(f"{path}: expected counts on edges, got none; give edge data with 'entered', or a CSV file")
    edge, begin_s, end_s, count = zip(*kept, strict=True)
    return Counts(
        graph=graph, edge=np.array(edge, np.int32), begin_s=np.array(begin_s), end_s=np.array(end_s),
        count=np.array(count),
    )  # fmt: skip


def write_edge_data(counts: Counts, path: Path) -> None:
    """Write counts as SUMO edge data with the attribute ``entered``, one interval element an interval."""
    from xml.sax.saxutils import quoteattr

    lines = ["<data>"]
    intervals = np.unique(np.stack([counts.begin_s, counts.end_s], axis=1), axis=0)
    for begin_s, end_s in intervals:
        lines.append(f'  <interval id="counts" begin="{begin_s:.2f}" end="{end_s:.2f}">')
        for row in np.flatnonzero((counts.begin_s == begin_s) & (counts.end_s == end_s)):
            name = quoteattr(str(counts.graph.edge_id[counts.edge[row]]))
            lines.append(f'    <edge id={name} entered="{counts.count[row]:g}"/>')
        lines.append("  </interval>")
    path.write_text("\n".join([*lines, "</data>", ""]), encoding="utf-8")


def _checked(
    row: tuple[str, str, str, str], graph: RoadGraph, faults: Faults
) -> tuple[int, float, float, float] | None:
    name, *numbers = row
    try:
        begin_s, end_s, count = map(float, numbers)
        good = -np.inf < begin_s < end_s < np.inf and 0 <= count < np.inf
    except ValueError:
        good = False
    if not good:
        faults.add(f"edge {name!r}: expected begin before end [s] and a count from 0, got {', '.join(numbers)}")
    elif name not in graph.edge_index:
        faults.add(f"edge {name!r} is not in the net; count on its edges")
    else:
        return graph.edge_index[name], begin_s, end_s, count
    return None


def _csv_rows(path: Path) -> Iterator[tuple[str, str, str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            table = csv.DictReader(stream)
            if missing := set(_COLUMNS) - set(table.fieldnames or ()):
                raise InputError(
                    f"{path}: expected the columns {', '.join(_COLUMNS)}, missing {', '.join(sorted(missing))}; is the "
                    "separator a comma?"
                )
            for row in table:
                yield row["edge"], row["begin"] or "", row["end"] or "", row["count"] or ""
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: expected a CSV file of counts, got {error}") from error


def _edge_data_rows(path: Path) -> Iterator[tuple[str, str, str, str]]:
    from lxml import etree

    options = {"resolve_entities": False, "load_dtd": False, "no_network": True}
    with open_screened(path) as stream:
        try:
            for _, interval in etree.iterparse(stream, events=("end",), tag="interval", **options):
                begin, end = interval.get("begin", ""), interval.get("end", "")
                for edge in interval.iterchildren("edge"):
                    count = next((edge.get(key) for key in _ATTRIBUTES if edge.get(key) is not None), None)
                    if count is not None:
                        yield edge.get("id", ""), begin, end, count
                interval.clear()
        except etree.XMLSyntaxError as error:
            raise InputError(f"{path}: expected a whole XML file, got one that is cut ({error})") from error
