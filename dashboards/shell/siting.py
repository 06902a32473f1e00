"""Show where a plan puts charging stations, what that is expected to bring, and how it stands against chance."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from dashboards.shell import view
from dashboards.shell.choice import choose
from dashboards.shell.faults import show_fault
from dashboards.shell.looks import change, number
from dashboards.shell.missing import missing
from dashboards.shell.names import plain
from dashboards.shell.road_map import PointLook
from dashboards.shell.state import workspace
from dashboards.shell.words import has_word, plain_word, word
from trafficdiff.errors import TrafficdiffError
from trafficdiff.export.map_data import MapData, MapPoints, encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trafficdiff.datatypes.charging_site_plan import Estimate, SitingPlan
    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["plan_on_map", "site_look", "site_points", "siting"]

_COMMAND: Final = "trafficdiff plan-charging networks/helsinki/ev_morning.yaml --budget 400000 -o plans/chargers"
_MARGIN_DEG: Final = 0.01


def plan_on_map() -> SitingPlan | None:
    """Return the plan that is looked at: the URL's, else the newest of the folder; None where none can be read."""
    names = _names()
    try:
        return _read(view.get("plan", names[0], allowed=names)) if names else None
    except TrafficdiffError:
        return None  # `siting` says why


def siting() -> None:
    """Offer the folder's plans of charging sites, the newest first, and show one; say how to make one."""
    names = _names()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.subheader(word("charging.plan"), anchor=False, width="stretch")
        if len(names) > 1:
            with st.container(width=420):
                choose(word("charging.which_plan"), names, key="plan")
    if not names:
        missing("charging.no_plan", command=_COMMAND)
        return
    try:
        _show(_read(view.get("plan", names[0], allowed=names)))
    except TrafficdiffError as error:
        show_fault(str(error))


def _names() -> list[str]:
    return [entry.name for entry in workspace().charging_plans()]


def _read(name: str) -> SitingPlan:
    from trafficdiff.workflows.plan_charging import read_plan

    return read_plan(workspace().path_of(name))


def site_points(plan: SitingPlan, graph: RoadGraph) -> MapData | None:
    """Return the planned sites for the map; None where they lie in another city."""
    lonlat = np.array([[site.lon, site.lat] for site in plan.sites], np.float64).reshape(-1, 2)
    corners = graph.to_lonlat(graph.midpoint_xy)
    inside = (lonlat > corners.min(axis=0) - _MARGIN_DEG) & (lonlat < corners.max(axis=0) + _MARGIN_DEG)
    if not len(lonlat) or not inside.all():
        return None
    labels = [f"{site.name or site.id}\n{_plugs(site.plugs, site.power_kw)}" for site in plan.sites]
    return encode(points={"planned": MapPoints(lonlat=lonlat, labels=labels)})


def site_look() -> PointLook:
    """Return how planned sites look: rings."""
    return PointLook(label=plain_word("charging.planned_sites"), ring=True)


def _show(plan: SitingPlan) -> None:
    """Say what is built, what it brings, and how much of that is the plan's merit."""
    money = partial(number, decimals=0, unit=plan.currency)
    st.markdown(
        word(
            "charging.plan_says", count=len(plan.sites), plugs=sum(site.plugs for site in plan.sites),
            cost=money(plan.cost), budget=money(plan.budget), scenario=plan.scenario, days=plan.samples,
        )
    )  # fmt: skip
    left, right = st.columns([1.2, 1], gap="medium")
    with left:
        _sites(plan)
    with right:
        _effect(plan)
    with st.expander(word("charging.plan_limits"), icon=":material/info:"):
        st.markdown("\n".join(f"- {plain(words, longest=600)}" for words in plan.assumptions))


def _plugs(count: int, power_kw: float) -> str:
    return plain_word("charging.plan_plugs", count=count, kw=number(power_kw, 0))


def _sites(plan: SitingPlan) -> None:
    table = pd.DataFrame(
        {
            "site": [site.name or site.id for site in plan.sites],
            "kind": [_kind(site.kind) for site in plan.sites],
            "plugs": [_plugs(site.plugs, site.power_kw) for site in plan.sites],
            "cost": [round(site.cost) for site in plan.sites],
        }
    )
    styled: Any = table.style.format({"cost": partial(number, decimals=0)})
    columns: dict[str, Any] = {
        "site": st.column_config.Column(plain_word("charging.plan_site")),
        "kind": st.column_config.Column(plain_word("charging.plan_kind")),
        "plugs": st.column_config.Column(plain_word("charging.column_plugs")),
    }
    columns["cost"] = st.column_config.NumberColumn(f"{plain_word('charging.plan_cost')} [{plain(plan.currency)}]")
    st.dataframe(
        styled, key="charging.sites", hide_index=True, height="content", column_config=columns,
        alt=plain_word("charging.planned_sites"),
    )  # fmt: skip


def _kind(kind: str) -> str:
    key = f"charging.site_{kind}"
    return plain_word(key) if has_word(key) else kind


def _effect(plan: SitingPlan) -> None:
    """Compare today, the plan and random placement, and say how good the plan is proven to be."""
    band = plan.random
    heads = (word(f"charging.plan_{name}") for name in ("number", "today", "planned", "by_chance"))
    lines = [" | ".join(heads), ":-- | --: | --: | --:"]
    span = f"({number(band.loss_low_kwh, 0)}\N{EN DASH}{number(band.loss_high_kwh, 0)})"
    rows = (
        ("unmet", "unmet_kwh", number(band.unmet_mean_kwh, 0), 0),
        ("wait", "wait_h", number(band.wait_mean_h, 1), 1),
        ("loss", "loss_kwh", f"{number(band.loss_mean_kwh, 0)} {span}", 0),
    )
    for name, column, by_chance, decimals in rows:
        today, planned = (_of(estimate, column, decimals) for estimate in (plan.today, plan.planned))
        lines.append(f"{word(f'charging.plan_{name}')} | {today} | **{planned}** | {by_chance}")
    st.markdown("\n".join(lines))
    merit = word(
        "charging.plan_merit", method=plain_word(f"charging.method_{plan.method}"),
        gap=number(100 * plan.gap, 1, "%"), draws=band.draws, better=number(100 * band.better, 0, "%"),
    )  # fmt: skip
    st.caption(merit)
    if plan.out_of_reach_kwh > 0:
        st.caption(word("charging.plan_out_of_reach", kwh=number(plan.out_of_reach_kwh, 0, "kWh")))
    if said := _simulated(plan):
        st.markdown(f"**{word('charging.plan_simulated')}**\n" + "\n".join(f"- {line}" for line in said))
    else:
        st.caption(word("charging.plan_not_simulated"))


def _of(estimate: Estimate, name: str, decimals: int) -> str:
    return number(float(getattr(estimate, name)), decimals)


def _simulated(plan: SitingPlan) -> Sequence[str]:
    """Return what the simulation says of the numbers that pages know."""
    lines = []
    for one in plan.simulated:
        key = f"report.number_{one.name}"
        if one.change is None or not has_word(key):
            continue
        low, high = (one.change if bound is None else bound for bound in (one.low, one.high))
        moved = change(one.change, low, high, unit=one.unit.replace("kW h", "kWh").removeprefix("1"))
        bounds = f" ({change(low, one.change, high)} … {change(high, one.change, low)})" if high > low else ""
        lines.append(f"{word(key)}: {plain(moved + bounds)}")
    return lines
