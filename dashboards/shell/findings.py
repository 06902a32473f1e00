"""Choose a study or a run to look at, say how far it is, and what must be known before it is believed."""

from __future__ import annotations

import logging
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboards.shell import view
from dashboards.shell.choice import choose
from dashboards.shell.missing import missing
from dashboards.shell.opening import open_study_cached, run_of
from dashboards.shell.state import workspace
from dashboards.shell.training_range import caution_text, standing_at
from dashboards.shell.words import plain_word, word
from trafficdiff.errors import TrafficdiffError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamlit.delta_generator import DeltaGenerator

    from dashboards.shell.opening import Compared, Opened

__all__ = ["choose_finding", "choose_pair", "progress_of", "remarks"]

_FEW: Final = 5
_POLL_S: Final = 5.0
_STATE: Final = "findings.chosen"
_COMMANDS: Final = {
    "study": "trafficdiff ensemble base.yaml scenario.yaml --samples 10 -o studies/my-study",
    "run": "trafficdiff demo -o runs/demo",
}

_logger = logging.getLogger(__name__)


def choose_finding(*, missing_key: str, only_studies: bool = False) -> Opened | None:
    """Show the list of studies and runs and return what is chosen, opened; None where there is nothing to show.

    Parameters
    ----------
    missing_key
        Text for a folder without any.
    only_studies
        Whether single runs are left out.
    """
    folder = workspace()
    options = [f"study:{entry.name}" for entry in folder.studies()]
    if not only_studies:
        options += [f"run:{entry.name}" for entry in folder.runs()]
    if not options:
        missing(missing_key, command=_COMMANDS["study" if only_studies else "run"])
        return None
    asked = [f"{kind}:{name}" for kind in ("study", "run") if (name := view.get(kind))]
    at = next((one for one in asked if one in options), options[0])
    st.session_state[_STATE] = at
    st.selectbox(
        word("congestion.what"), options, key=_STATE, format_func=_named, on_change=_remember, width="stretch"
    )  # fmt: skip
    kind, _, name = at.partition(":")
    try:
        opened = open_study_cached(name) if kind == "study" else run_of(name)
        if opened.count:
            _ = opened.results
    except TrafficdiffError as error:
        _logger.warning("%s cannot be shown: %s", name, error)
        st.error(word("congestion.unreadable", name=name), icon=":material/error:")
        return None
    if not opened.count:
        progress_of(opened)
        st.info(word("congestion.no_run_yet", name=name), icon=":material/hourglass_empty:")
        return None
    return opened


def choose_pair(
    opened: Opened, there: Sequence[str], *, base_in: DeltaGenerator, scenario_in: DeltaGenerator
) -> tuple[str, str]:
    """Show the lists of bases and scenarios, each in its place, and return both; alone, a scenario is its own base."""
    with base_in:
        base = choose(word("congestion.base"), there, key="base", default=opened.base) or opened.base
    with scenario_in:
        others = [name for name in there if name != base] or there
        scenario = choose(word("congestion.scenario"), others, key="scenario") or base
    return base, scenario


def progress_of(opened: Opened) -> None:
    """Say how far a study is that goes on, and show more as it comes."""
    if opened.finished:
        return
    _progress(opened.name, opened.key)


@st.fragment(run_every=_POLL_S)
def _progress(name: str, key: str) -> None:
    now = open_study_cached(name)
    if now.key != key:
        st.rerun()
    status = now.status
    if status is not None and not status.is_over:
        st.progress(status.progress, text=word("congestion.under_way", count=now.count, asked=now.asked))
    else:
        st.info(word("congestion.stopped", count=now.count, asked=now.asked), icon=":material/pause_circle:")


def remarks(opened: Opened, compared: Compared | None, *, scenario: str) -> None:
    """Say what must be known before the numbers are believed, in a line that opens."""
    names = [scenario] if compared is None else [compared.pair.base, compared.pair.scenario]
    said = [
        word("report.warning_gates", count=count, all=len(opened.runs[name]), scenario=name)
        for name in names
        if (count := opened.marked.get(name, 0))
    ]
    samples = len(opened.runs[scenario]) if compared is None else len(compared.pair.samples)
    if samples == 1:
        said.append(word("report.warning_few_one"))
    elif samples < _FEW:
        said.append(word("report.warning_few", count=samples))
    if compared is not None:
        if left_out := len(compared.pair.left_out):
            said.append(word("report.warning_left_out" + ("_one" if left_out == 1 else ""), count=left_out))
        if not compared.pair.paired:
            said.append(word("report.warning_unpaired"))
    if strange := caution_text(standing_at(opened.directory)):
        said.append(strange)
    if said:
        with st.expander(f"{word('congestion.remarks')} ({len(said)})", icon=":material/warning:"):
            st.markdown("\n".join(f"- {remark}" for remark in said))


def _named(option: str) -> str:
    kind, _, name = option.partition(":")
    return f"{PurePosixPath(name).name} ({plain_word(f'congestion.kind_{kind}')})"


def _remember() -> None:
    kind, _, name = str(st.session_state[_STATE]).partition(":")
    other = "run" if kind == "study" else "study"
    view.put(**{kind: name, other: None}, base=None, scenario=None, selected=None, interval=None, map=None)
