"""Hold one SUMO net as flat arrays, and show it as GeoDataFrames in OSMnx shape.

The net file is the source of truth; everything here is read from it, and OSM attributes are joined
to it, never the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.vehicles import class_bit
from trafficdiff.errors import Faults, NetworkError

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["RoadGraph"]

_SHOWN = 5
_EDGE_COLUMNS = (
    "street_name", "road_class", "from_node", "to_node", "length_m", "speed_limit_ms", "lanes", "allowed_classes",
)  # fmt: skip
_NODE_COLUMNS = ("node_xy", "node_signalised")


@dataclass(frozen=True, eq=False, kw_only=True)
class RoadGraph:
    """Represent the roads of one place; immutable.

    Coordinates are SUMO's net coordinates [m]: the projected CRS shifted by `net_offset`.
    ``E`` edges, ``N`` nodes, ``S`` allowed successions; internal (junction) edges are left out.

    Parameters
    ----------
    net_path
        The net file that the arrays were read from.
    crs
        Projected metric CRS of the net before the offset, as a PROJ string or WKT.
    net_offset
        What SUMO added to the projected x and y [m].
    edge_id, street_name, road_class
        Shape (E,), text. The class is the OSM one where the net knows it (``"residential"``), else ``""``.
    from_node, to_node
        Shape (E,), positions in the node arrays.
    length_m, speed_limit_ms, lanes
        Shape (E,). Length [m], speed limit [m/s], lanes that motor vehicles may use (if none, all but footways).
    allowed_classes
        Shape (E,), bit mask of `VEHICLE_CLASSES` that may use at least one lane.
    shape_offsets, shape_xy
        CSR of the edges' centre lines: shape (E + 1,) and (P, 2) [m], net coordinates.
    node_id, node_xy, node_signalised
        Shape (N,), (N, 2) [m] and (N,).
    successor_offsets, successor_edges, successor_classes
        CSR of the edges that may follow an edge: shape (E + 1,), (S,), and the classes that may make
        the turn.
    way_offsets, way_ids
        CSR of the OSM ways that an edge spans; empty for nets without ``origId``.
    left_hand
        Whether traffic drives on the left.
    name
        Name of the place, for people.
    tags
        OSM tags joined to the edges, one row an edge (index: edge id), or None.

    Raises
    ------
    NetworkError
        Listing every fault: arrays that do not fit together, no projected metric CRS, a length or speed that is
        not finite and positive, an id that appears twice, or no edge that a passenger car may use.
    """

    net_path: Path
    crs: str
    net_offset: tuple[float, float]
    edge_id: NDArray[np.object_]
    street_name: NDArray[np.object_]
    road_class: NDArray[np.object_]
    from_node: NDArray[np.int32]
    to_node: NDArray[np.int32]
    length_m: NDArray[np.float64]
    speed_limit_ms: NDArray[np.float64]
    lanes: NDArray[np.int32]
    allowed_classes: NDArray[np.int64]
    shape_offsets: NDArray[np.int64]
    shape_xy: NDArray[np.float64]
    node_id: NDArray[np.object_]
    node_xy: NDArray[np.float64]
    node_signalised: NDArray[np.bool_]
    successor_offsets: NDArray[np.int64]
    successor_edges: NDArray[np.int32]
    successor_classes: NDArray[np.int64]
    way_offsets: NDArray[np.int64]
    way_ids: NDArray[np.int64]
    left_hand: bool = False
    name: str = ""
    tags: pd.DataFrame | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        faults = Faults(f"road graph of {self.net_path.name}")
        self._check_shapes(faults)
        faults.raise_if_any(NetworkError)
        self._check_crs(faults)
        for what, values in (("length [m]", self.length_m), ("speed limit [m/s]", self.speed_limit_ms)):
            bad = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
            for index in bad[:_SHOWN]:
                faults.add(
                    f"edge {self.edge_id[index]!r}: expected a finite positive {what}, got {values[index]}; "
                    "correct the net or leave the edge out"
                )
        if not np.isfinite(self.shape_xy).all() or not np.isfinite(self.node_xy).all():
            faults.add("expected finite coordinates, got NaN or infinity; build the net again")
        for what, ids in (("edge", self.edge_id), ("node", self.node_id)):
            if len(set(ids)) != len(ids):
                faults.add(f"expected unique {what} ids, got {len(ids) - len(set(ids))} that appear twice")
        if not (self.allowed_classes & class_bit("passenger")).any():
            faults.add(
                f"expected at least one edge that a passenger car may use, got none among {self.edge_count} edges; "
                "the extract may hold only footways or railways"
            )
        faults.raise_if_any(NetworkError)
        for values in vars(self).values():
            if isinstance(values, np.ndarray):
                values.setflags(write=False)

    def _check_shapes(self, faults: Faults) -> None:
        edges, nodes = self.edge_count, self.node_count
        for count, names in ((edges, _EDGE_COLUMNS), (nodes, _NODE_COLUMNS)):
            for name in names:
                if len(getattr(self, name)) != count:
                    faults.add(f"expected {count} values of {name}, got {len(getattr(self, name))}")
        for name, values in (
            ("shape_offsets", self.shape_xy),
            ("successor_offsets", self.successor_edges),
            ("way_offsets", self.way_ids),
        ):
            offsets = getattr(self, name)
            if (
                len(offsets) != edges + 1
                or offsets[0] != 0
                or offsets[-1] != len(values)
                or (np.diff(offsets) < 0).any()
            ):
                faults.add(f"expected {name} that rise from 0 to {len(values)}, one more than edges")
        for name, count in (("from_node", nodes), ("to_node", nodes), ("successor_edges", edges)):
            positions = getattr(self, name)
            if len(positions) and not 0 <= positions.min() <= positions.max() < count:
                faults.add(f"expected {name} from 0 to {count - 1}, got {positions.min()} to {positions.max()}")
        if len(self.successor_classes) != len(self.successor_edges):
            faults.add(f"expected {len(self.successor_edges)} values of successor_classes")

    def _check_crs(self, faults: Faults) -> None:
        from pyproj import CRS
        from pyproj.exceptions import CRSError

        try:
            crs = CRS.from_user_input(self.crs)
        except CRSError:
            faults.add(f"expected a projected CRS, got {self.crs!r}; build the net with a geographic projection")
            return
        units = {axis.unit_name for axis in crs.axis_info}
        if not crs.is_projected or units - {"metre", "meter"}:
            faults.add(f"expected a projected CRS in metres, got {crs.name!r} with units {sorted(units)}")

    @property
    def edge_count(self) -> int:
        """Number of edges."""
        return len(self.edge_id)

    @property
    def node_count(self) -> int:
        """Number of nodes."""
        return len(self.node_id)

    @cached_property
    def edge_index(self) -> dict[str, int]:
        """Position of each edge id."""
        return {str(name): index for index, name in enumerate(self.edge_id)}

    @property
    def free_flow_time_s(self) -> NDArray[np.float64]:
        """Time to traverse each edge at its speed limit [s], shape (E,)."""
        return np.asarray(self.length_m / self.speed_limit_ms)

    @property
    def ends_at_signal(self) -> NDArray[np.bool_]:
        """Whether each edge ends at a traffic signal, shape (E,)."""
        return np.asarray(self.node_signalised[self.to_node])

    def drivable(self, vehicle_class: str = "passenger") -> NDArray[np.bool_]:
        """Return which edges a vehicle class may use, shape (E,).

        Raises
        ------
        InputError
            If SUMO does not know the class.
        """
        return np.asarray((self.allowed_classes & class_bit(vehicle_class)) != 0)

    @property
    def successor_sources(self) -> NDArray[np.int64]:
        """Edge that each allowed succession leaves, shape (S,); `successor_edges` are the edges entered."""
        return np.repeat(np.arange(self.edge_count), np.diff(self.successor_offsets))

    def successions(self, mask: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return the pairs of edges that a vehicle class may drive one after the other.

        Parameters
        ----------
        mask
            Bit of the vehicle class.

        Returns
        -------
        Edges left and edges entered, shape (S',) each; both edges and the turn between them are open to the class.
        """
        left, entered = self.successor_sources, self.successor_edges
        open_to_class = self.allowed_classes & mask
        usable = (self.successor_classes & open_to_class[left] & open_to_class[entered]) != 0
        return left[usable], entered[usable]

    @cached_property
    def midpoint_xy(self) -> NDArray[np.float64]:
        """Point half-way along each edge's centre line [m], net coordinates, shape (E, 2)."""
        segment = np.linalg.norm(np.diff(self.shape_xy, axis=0), axis=1)
        segment[self.shape_offsets[1:-1] - 1] = 0.0  # the jump from one edge's last point to the next one's first
        along = np.concatenate([[0.0], np.cumsum(segment)])
        first, last = self.shape_offsets[:-1], self.shape_offsets[1:] - 1
        half = (along[first] + along[last]) / 2
        before = np.clip(np.searchsorted(along, half, side="right") - 1, first, np.maximum(last - 1, first))
        after = np.minimum(before + 1, last)
        step = along[after] - along[before]
        weight = np.divide(half - along[before], step, out=np.zeros_like(half), where=step > 0)[:, None]
        return np.asarray(self.shape_xy[before] * (1 - weight) + self.shape_xy[after] * weight)

    def to_lonlat(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return net coordinates [m] as longitude and latitude [degrees, WGS 84], shape (..., 2)."""
        from pyproj import Transformer

        to_wgs84 = Transformer.from_crs(self.crs, "EPSG:4326", always_xy=True)
        x, y = (np.asarray(xy)[..., axis] - self.net_offset[axis] for axis in (0, 1))
        return np.stack(to_wgs84.transform(x, y), axis=-1)

    def from_lonlat(self, lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return longitude and latitude [degrees, WGS 84] as net coordinates [m], shape (..., 2)."""
        from pyproj import Transformer

        from_wgs84 = Transformer.from_crs("EPSG:4326", self.crs, always_xy=True)
        lonlat = np.asarray(lonlat)
        projected = np.stack(from_wgs84.transform(lonlat[..., 0], lonlat[..., 1]), axis=-1)
        return np.asarray(projected + np.asarray(self.net_offset), np.float64)

    @cached_property
    def edges(self) -> gpd.GeoDataFrame:
        """Edges in OSMnx shape: MultiIndex (u, v, key), geometry in the projected CRS.

        Columns: ``edge_id``, ``osmid`` (list of way ids), ``highway``, ``name``, ``length`` [m],
        ``speed_limit_ms`` [m/s], ``lanes``, ``oneway``, ``geometry``, then the joined OSM tags as ``osm_*``.
        """
        import geopandas as gpd
        import pandas as pd
        import shapely

        projected = self.shape_xy - np.asarray(self.net_offset)
        lines = shapely.linestrings(
            projected, indices=np.repeat(np.arange(self.edge_count), np.diff(self.shape_offsets))
        )
        u, v = self.node_id[self.from_node], self.node_id[self.to_node]
        key = pd.DataFrame({"u": u, "v": v}).groupby(["u", "v"]).cumcount().to_numpy()
        pairs = set(zip(u, v, strict=True))
        frame = gpd.GeoDataFrame(
            {
                "edge_id": self.edge_id,
                "osmid": [ways.tolist() for ways in np.split(self.way_ids, self.way_offsets[1:-1])],
                "highway": self.road_class,
                "name": self.street_name,
                "length": self.length_m,
                "speed_limit_ms": self.speed_limit_ms,
                "lanes": self.lanes,
                "oneway": [(b, a) not in pairs for a, b in zip(u, v, strict=True)],
            },
            geometry=lines,
            crs=self.crs,
            index=pd.MultiIndex.from_arrays([u, v, key], names=["u", "v", "key"]),
        )
        if self.tags is not None:
            for column in self.tags.columns:
                frame[f"osm_{column}"] = self.tags[column].to_numpy()
        return frame

    @cached_property
    def nodes(self) -> gpd.GeoDataFrame:
        """Nodes in OSMnx shape: index ``osmid`` (the net's node id), ``x``, ``y`` in the projected CRS [m]."""
        import geopandas as gpd
        import pandas as pd

        x, y = (self.node_xy - np.asarray(self.net_offset)).T
        return gpd.GeoDataFrame(
            {"x": x, "y": y, "signalised": self.node_signalised},
            geometry=gpd.points_from_xy(x, y),
            crs=self.crs,
            index=pd.Index(self.node_id, name="osmid"),
        )
