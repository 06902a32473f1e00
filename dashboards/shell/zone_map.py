"""Show whose trips take longer and whose shorter: streets coloured by the zone that they belong to, and a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
import streamlit as st

from dashboards.shell.looks import change, number
from dashboards.shell.opening import BY_CONTENT, Compared, drawn_roads
from dashboards.shell.road_map import Picture, map_share, road_map
from dashboards.shell.road_numbers import road_blob
from dashboards.shell.words import plain_word, word
from trafficdiff.export.difference_map import limit_of
from trafficdiff.export.map_data import MapData, RoadValues, encode
from trafficdiff.workflows.compare_trips import comparison_zones

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["zone_map"]

_ENDS: Final = ("origin", "destination")
_HEIGHT: Final = 440
_HEAD, _ROW = 37, 35
"""Pixels of a table's head and rows."""


def zone_map(compared: Compared) -> None:
    """Draw the map and the table of the zones of a comparison that follows trips."""
    pair = compared.pair
    end = st.segmented_control(
        word("compare.trips_that"), _ENDS, default="origin", key="compare.end",
        format_func=lambda end: plain_word(f"compare.by_{end}"), label_visibility="collapsed",
    ) or "origin"  # fmt: skip
    rows = _rows(compared, end)
    values, limit = _values(compared, end)
    share = map_share(drawn_roads(compared.opened, base=pair.base, scenario=pair.scenario)[0])
    left, right = st.columns([share, 1], gap="small")
    with left:
        road_map(
            key="compare.map",
            data=[road_blob(compared.opened, base=pair.base, scenario=pair.scenario), values],
            picture=Picture(
                layer="zones",
                title=plain_word(f"compare.by_{end}"),
                legend=plain_word("compare.legend_zones"),
                unit="s",
                limits=(-limit, limit),
                palette="change",
                digits=0,
            ),
            description=plain_word("compare.zone_description", count=len(rows)),
            height=_HEIGHT,
            in_url=False,
        )
    with right:
        _table(rows)


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs=BY_CONTENT)
def _values(compared: Compared, end: str) -> tuple[MapData, float]:
    """Return the change of its zone for every road; roads that the scenario adds have none."""
    rows = _rows(compared, end)
    before, after = drawn_roads(compared.opened, base=compared.pair.base, scenario=compared.pair.scenario)
    zone = np.asarray(comparison_zones(before, seed=compared.pair.seed).zone)
    count = sum(str(edge) not in before.edge_index for edge in after.edge_id)
    known = zone >= 0
    place = np.where(known, zone, 0)

    def of(name: str) -> NDArray[np.float64]:
        by_zone = rows[name].to_numpy(np.float64)
        return np.concatenate([np.where(known, by_zone[place], np.nan), np.full(count, np.nan)])

    apart = rows["distinguishable"].to_numpy(bool)
    shown = np.concatenate([apart[place] & known, np.zeros(count, bool)])
    layer = RoadValues(values=of("mean_change_s"), low=of("low_s"), high=of("high_s"), shown=shown)
    limit = limit_of(rows["mean_change_s"].to_numpy(np.float64)[apart]) if apart.any() else 0.0
    return encode(values={"zones": layer}), limit


def _rows(compared: Compared, end: str) -> pd.DataFrame:
    """Return one row a zone, in their order."""
    zones = pd.DataFrame(compared.trips[0].drop(columns="geometry"))
    return zones.loc[zones["trips_by"] == end].reset_index(drop=True)


def _table(rows: pd.DataFrame) -> None:
    rows = rows.assign(size=rows["mean_change_s"].abs()).sort_values(["distinguishable", "size"], ascending=False)
    rows = rows.loc[rows["mean_change_s"].notna()]
    named = zip(rows["around"], rows["zone"], strict=True)
    around = [str(name) or plain_word("report.zone_number", number=int(zone)) for name, zone in named]
    pairs = zip(rows["distinguishable"], rows["mean_change_s"], strict=True)
    beyond = [
        "congestion.unclear" if not apart else "compare.slower" if s > 0 else "compare.faster" for apart, s in pairs
    ]
    table = pd.DataFrame(
        {
            "zone": around,
            "change": [change(float(value), unit="s") for value in rows["mean_change_s"]],
            "beyond": [plain_word(key) for key in beyond],
            "trips": [number(float(value), 0) for value in rows["trips"]],
            "win": [number(float(value), 0) for value in rows["faster"]],
            "lose": [number(float(value), 0) for value in rows["slower"]],
        }
    )  # fmt: skip
    st.dataframe(
        table,
        hide_index=True,
        height=min(_HEIGHT, _HEAD + _ROW * len(table)),
        key="compare.zones",
        alt=plain_word("compare.zone_description", count=len(rows)),
        column_config={name: plain_word(f"compare.column_{name}") for name in table.columns},
    )
