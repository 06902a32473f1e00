"""Calibrate a scenario's demand to counts: choose or upload a file, fit, and see how well each counted road is met."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from dashboards.shell.draft_state import CHECKED, FAULT, do
from dashboards.shell.looks import chart_look, draw, number
from dashboards.shell.measure_list import check
from dashboards.shell.names import plain, printable
from dashboards.shell.pressing import pressed
from dashboards.shell.road_map import PointLook
from dashboards.shell.scenario_roads import ScenarioRoads
from dashboards.shell.state import settings, workspace
from dashboards.shell.words import plain_word, word
from trafficdiff.datatypes.scenario import CalibratedDemand
from trafficdiff.errors import InputError, TrafficdiffError
from trafficdiff.export.chart_counts import GOOD_GEH, count_fit
from trafficdiff.export.map_data import MapData, MapPoints, encode
from trafficdiff.workflows.count_files import MOST_BYTES, calibrated_to, count_files, keep_counts
from trafficdiff.workflows.editing import SetField

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.calibration_facts import CalibrationFacts, CountFit
    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.workflows.drafts import StoredDraft

__all__ = ["demand_card", "fit_on_map"]

_LAYER: Final = "counts"
_TOP_GEH: Final = 10.0
_CHART_PX: Final = 280


def demand_card(stored: StoredDraft, scenario: Scenario | None, roads: ScenarioRoads | None) -> None:
    """Ask what the demand is calibrated to, and show how well it fits."""
    if scenario is None:
        return
    with st.container(border=True):
        demand = scenario.demand
        st.markdown(f"**{word('demand.heading')}** :gray[{word('demand.why')}]")
        if demand.kind == "file":
            st.caption(word("demand.from_file", name=plain(demand.path)))
            return
        _choice(stored, scenario)
        if roads is not None and not settings().read_only:
            _upload(stored, scenario, roads)
        if isinstance(demand, CalibratedDemand):
            _fit(stored, scenario)
            facts = _facts(stored)
            if facts is not None:
                _show(facts, roads)


def fit_on_map(
    stored: StoredDraft, scenario: Scenario | None, roads: ScenarioRoads
) -> tuple[list[MapData], dict[str, PointLook]]:
    """Return what the map shows: counted roads as discs by their counts, in the colour of GEH once they are fitted."""
    counted = _counted(stored, scenario, roads)
    facts = _facts(stored)
    fitted = {} if facts is None else {row.edge: row for row in facts.rows}
    if not counted:
        return [], {}
    places = np.array([roads.graph.edge_index[edge] for edge in counted])
    points = MapPoints(
        lonlat=roads.graph.to_lonlat(roads.graph.midpoint_xy[places]),
        labels=[_label(edge, per_hour, fitted.get(edge), roads) for edge, per_hour in counted.items()],
        values=np.array(list(counted.values())),
        levels=np.array([fitted[edge].geh if edge in fitted else np.nan for edge in counted]) if fitted else None,
    )
    look = PointLook(
        label=plain_word("demand.map_title"), legend=plain_word("demand.map_legend") if fitted else "",
        limits=(0.0, _TOP_GEH) if fitted else None,
    )  # fmt: skip
    return [encode(points={_LAYER: points})], {_LAYER: look}


def _label(edge: str, per_hour: float, fit: CountFit | None, roads: ScenarioRoads) -> str:
    lines = [_name(edge, roads), f"{plain_word('demand.counted')}: {number(per_hour, 0)}"]
    if fit is not None:
        lines += [f"{plain_word('demand.modelled')}: {number(fit.modelled, 0)}", f"GEH: {number(fit.geh, 1)}"]
    return "\n".join(lines)


def _counted(stored: StoredDraft, scenario: Scenario | None, roads: ScenarioRoads) -> dict[str, float]:
    """Return the counted vehicles per hour by road; nothing where the file cannot be read, which the fit says."""
    name = getattr(scenario.demand, "counts", None) if scenario is not None else None
    if name is None:
        return {}
    home = stored.file.rpartition("/")[0]
    try:
        path = workspace().path_of(f"{home}/{name}" if home else name)
        return _read(path, path.stat().st_mtime_ns, roads)
    except (OSError, InputError):
        return {}


@st.cache_data(max_entries=8, show_spinner=False, hash_funcs={ScenarioRoads: lambda roads: id(roads.graph)})
def _read(path: Path, stamp: int, roads: ScenarioRoads) -> dict[str, float]:  # noqa: ARG001 - changed files are read again
    from trafficdiff.datatypes.counts import read_counts

    counts = read_counts(path, roads.graph)
    hours = np.bincount(counts.edge, weights=counts.end_s - counts.begin_s) / 3_600.0
    totals = np.bincount(counts.edge, weights=counts.count)
    return {str(roads.graph.edge_id[row]): float(totals[row] / hours[row]) for row in np.flatnonzero(hours)}


def _choice(stored: StoredDraft, scenario: Scenario) -> None:
    """Offer the files of counts beside the scenario file."""
    home = stored.file.rpartition("/")[0]
    chosen = getattr(scenario.demand, "counts", None)
    names = [name for name in count_files(workspace(), home) if name != chosen]
    options = ["", *([chosen] if chosen else []), *names]
    key = f"scenario.counts.{stored.id}.{stored.draft.done}"
    st.selectbox(
        word("demand.counts"), options, index=1 if chosen else 0, key=key, format_func=_count_label,
        on_change=_chosen, args=(stored, scenario, key), help=word("demand.counts_help"),
    )  # fmt: skip


def _count_label(name: str) -> str:
    return printable(name) or plain_word("demand.no_counts")


def _chosen(stored: StoredDraft, scenario: Scenario, key: str) -> None:
    do(stored.id, SetField(place=("demand",), value=calibrated_to(scenario, st.session_state[key] or None)))


def _upload(stored: StoredDraft, scenario: Scenario, roads: ScenarioRoads) -> None:
    key = f"scenario.counts_upload.{stored.id}"
    with st.expander(word("demand.upload")):
        st.file_uploader(
            word("demand.upload_file"), ["csv", "xml", "gz"], key=key, max_upload_size=MOST_BYTES // 1_000_000,
            on_change=_uploaded, args=(stored, scenario, roads, key), help=word("demand.upload_help"),
        )  # fmt: skip
        st.caption(word("demand.upload_form"))


def _uploaded(stored: StoredDraft, scenario: Scenario, roads: ScenarioRoads, key: str) -> None:
    file = st.session_state.get(key)
    if file is None:
        return
    home = stored.file.rpartition("/")[0]
    try:
        name = keep_counts(workspace(), home, file_name=file.name, content=file.getvalue(), graph=roads.graph)
    except TrafficdiffError as error:
        st.session_state[FAULT] = str(error)
        return
    do(stored.id, SetField(place=("demand",), value=calibrated_to(scenario, name)))


def _fit(stored: StoredDraft, scenario: Scenario) -> None:
    """Offer to fit; one draw of the trips is made for it, and kept nowhere."""
    if settings().read_only:
        return
    if pressed(word("demand.fit"), icon=":material/tune:", key="scenario.fit", help=word("demand.fit_help")):
        check(stored, scenario)
        st.rerun()  # the map stands before this and shows the fit, too


def _facts(stored: StoredDraft) -> CalibrationFacts | None:
    """Return the fit of exactly this text, if somebody asked for it."""
    kept = st.session_state.get(CHECKED)
    if kept is None or kept[:2] != (stored.id, stored.draft.text) or isinstance(kept[2], str):
        return None
    facts: CalibrationFacts | None = kept[2].calibration
    return facts


def _show(facts: CalibrationFacts, roads: ScenarioRoads | None) -> None:
    if not facts.rows:
        st.markdown(f":green[:material/check_circle: {word('demand.fitted')}]")
        return
    met = sum(row.geh < GOOD_GEH for row in facts.rows)
    share = number(100 * (facts.share_geh5 or 0.0), 0, "%")
    st.markdown(f"**{word('demand.met', met=met, count=facts.counts, share=share)}**")
    if facts.unmet:
        st.caption(f":material/info: {word('demand.unmet', count=facts.unmet)}")
    table = pd.DataFrame([{"road": _name(row.edge, roads), **row.model_dump()} for row in facts.rows])
    draw(
        count_fit, table[["road", "counted", "modelled", "geh"]], key="scenario.fit_chart",
        look=chart_look(height=_CHART_PX), x_title=plain_word("demand.counted"), y_title=plain_word("demand.modelled"),
        met=plain_word("demand.is_met"), unmet=plain_word("demand.is_unmet"), band=plain_word("demand.band"),
        description=plain_word("demand.chart_description", met=met, count=facts.counts),
    )  # fmt: skip
    with st.expander(word("demand.table")):
        st.dataframe(_table(table), hide_index=True, width="stretch", key="scenario.fit_table")


def _table(rows: pd.DataFrame) -> Any:
    """Return the counted roads, the worst first, under the page's words."""
    names = {
        "road": plain_word("demand.road"), "counted": plain_word("demand.counted"),
        "modelled": plain_word("demand.modelled"), "geh": "GEH",
    }  # fmt: skip
    shown = rows.sort_values("geh", ascending=False)[list(names)].round({"counted": 0, "modelled": 0, "geh": 1})
    return shown.rename(columns=names)


def _name(edge: str, roads: ScenarioRoads | None) -> str:
    """Return the street's name with the edge's id, which tells its directions apart."""
    place = None if roads is None else roads.graph.edge_index.get(edge)
    street = "" if roads is None or place is None else str(roads.graph.street_name[place] or "")
    return f"{street} ({edge})" if street else edge
