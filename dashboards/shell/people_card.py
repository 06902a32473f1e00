"""Ask whether people walk in a scenario, how many, and who gives way where no signal stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from dashboards.shell.draft_state import do
from dashboards.shell.words import word
from trafficdiff.workflows.editing import SetField

if TYPE_CHECKING:
    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.workflows.drafts import StoredDraft

__all__ = ["people_card"]

_PLACE: Final = ("pedestrians",)
_MOST: Final = 200_000
_STEP: Final = 100


def people_card(stored: StoredDraft, scenario: Scenario | None) -> None:
    """Draw the card; nothing while the file has faults."""
    if scenario is None:
        return
    people = scenario.pedestrians
    with st.container(border=True):
        st.markdown(f"**{word('people.heading')}** :gray[{word('people.why')}]")
        key = f"scenario.walks.{stored.id}.{stored.draft.done}"
        st.number_input(
            word("people.per_hour"), 0, _MOST, 0 if people is None else round(people.per_hour), _STEP, key=key,
            on_change=_counted, args=(stored, scenario, key), help=word("people.per_hour_help"),
        )  # fmt: skip
        if people is None:
            return
        yields = f"scenario.yield.{stored.id}.{stored.draft.done}"
        st.toggle(
            word("people.drivers_yield"), people.drivers_yield, key=yields, on_change=_yielded,
            args=(stored, scenario, yields), help=word("people.drivers_yield_help"),
        )  # fmt: skip


def _counted(stored: StoredDraft, scenario: Scenario, key: str) -> None:
    walks = int(st.session_state[key])
    value = None if walks == 0 else _plain(scenario) | {"per_hour": walks}
    do(stored.id, SetField(place=_PLACE, value=value))


def _yielded(stored: StoredDraft, scenario: Scenario, key: str) -> None:
    rest = {name: value for name, value in _plain(scenario).items() if name != "drivers_yield"}
    do(stored.id, SetField(place=_PLACE, value=rest | ({"drivers_yield": True} if st.session_state[key] else {})))


def _plain(scenario: Scenario) -> dict[str, Any]:
    """Return what the file says of people on foot, defaults left out."""
    people = scenario.pedestrians
    return {} if people is None else people.model_dump(mode="json", exclude_defaults=True)
