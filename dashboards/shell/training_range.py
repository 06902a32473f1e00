"""Show where a place lies among those that the demand model learned from, and warn where it is far from them."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboards.shell.looks import number, theme
from dashboards.shell.names import plain
from dashboards.shell.words import language, plain_word, word
from trafficdiff.errors import TrafficdiffError
from trafficdiff.export.catalogue import catalogue
from trafficdiff.store.layout import PROVENANCE
from trafficdiff.workflows.range_words import (
    place_in_range,
    place_name,
    range_rows,
    reasons,
    remark,
    understood,
    verdict,
)

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.training_range import Standing, TraitStanding

__all__ = ["caution", "caution_text", "show_standing", "standing_at"]

_BADGES: Final = {"inside": ("green", ":material/check:"), "edge": ("orange", ":material/warning:"),
                  "outside": ("red", ":material/warning:")}  # fmt: skip
_COLOURS: Final = {"light": ("#0b5c8a", "#a53f00"), "dark": ("#7cc6f5", "#ffb07a")}
"""Of a place inside and outside the band; the words in the last column say the same."""
_MOST: Final = 400
_STYLE: Final = """<style>
.td-range{width:100%;border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}
.td-range th,.td-range td{padding:.2rem .6rem;text-align:left;border-bottom:1px solid rgba(128,140,148,.25)}
.td-range th.n,.td-range td.n{text-align:right;white-space:nowrap}
.td-range th{font-weight:600}.td-range tbody th{font-weight:400}
.td-band{position:relative;display:block;width:150px;height:12px}
.td-band i{position:absolute;display:block}
</style>"""


def standing_at(directory: Path) -> Standing | None:
    """Return where the place of a run, or of a study's first run, lies; None where nobody knows."""
    kept = directory if (directory / PROVENANCE).is_file() else _first_run(directory)
    if kept is None:
        return None
    return _standing_of(kept, (kept / PROVENANCE).stat().st_mtime_ns)


def _first_run(study: Path) -> Path | None:
    """Return the first run of a study's base, or of another scenario where the base has none."""
    from trafficdiff.store.stack import run_directory
    from trafficdiff.store.study import read_plan

    try:
        plan = read_plan(study)
    except TrafficdiffError:
        return None
    names = [plan.base, *(name for name in plan.names if name != plan.base)]
    every = (run_directory(study, name, sample) for name in names for sample in range(min(plan.samples, _MOST)))
    return next((one for one in every if (one / PROVENANCE).is_file()), None)


@st.cache_data(max_entries=500, show_spinner=False)
def _standing_of(run: Path, written_ns: int) -> Standing | None:  # noqa: ARG001 - a changed file is read again
    from trafficdiff.store.provenance import Provenance

    try:
        return Provenance.model_validate_json((run / PROVENANCE).read_bytes()).training_range
    except (OSError, ValueError):
        return None


def caution_text(standing: Standing | None) -> str:
    """Return the whole warning as Markdown; nothing where none is due."""
    return plain(remark(standing, catalogue(language())), longest=2_000) if standing and standing.is_far else ""


def caution(standing: Standing | None) -> None:
    """Warn in a line of a place that is far from the training places."""
    if standing is not None and standing.is_far:
        said = plain(verdict(standing, catalogue(language())))
        st.markdown(f":orange[:material/warning: {said}]", help=caution_text(standing))


def show_standing(standing: Standing) -> None:
    """Show the verdict, what makes the place strange, and every number beside its training range."""
    words = catalogue(language())
    standing = understood(standing)
    colour, icon = _BADGES[standing.level]
    st.badge(word(f"range.level_{standing.level}"), color=colour, icon=icon)  # type: ignore[arg-type]
    st.markdown(f"**{plain(verdict(standing, words))}**")
    if standing.is_far:
        lead = "range.why" if any(one.outside for one in standing.traits) else "range.together"
        st.markdown(word(lead))
        st.markdown("\n".join(f"- {plain(one, longest=400)}" for one in reasons(standing, words, count=6)))
    nearest = ", ".join(map(place_name, standing.nearest))
    st.markdown(word("range.nearest", nearest=nearest))
    if standing.is_far:
        st.markdown(word("range.what_to_do"))
    st.html(_table(standing))
    st.caption(word("model.place_band"))
    st.caption(word("range.note", distance=number(standing.distance, 2), limit=number(standing.limit, 2)))


def _table(standing: Standing) -> str:
    """Return the numbers as a table with a band and a dot a row; the words say the same."""
    rows = range_rows(standing, catalogue(language()))
    head = "".join(
        f'<th scope="col" class="{side}">{html.escape(plain_word(f"range.head_{name}"))}</th>'
        for name, side in (("what", ""), ("here", "n"), ("there", "n"))
    )
    lies = html.escape(plain_word("range.head_lies"))
    body = "".join(_row(cells, one) for cells, one in zip(rows, standing.traits, strict=True))
    return (
        f'{_STYLE}<table class="td-range"><thead><tr>{head}<th scope="col" colspan="2">{lies}</th></tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def _row(cells: tuple[str, str, str, str], one: TraitStanding) -> str:
    what, here, there, lies = map(html.escape, cells)
    return (
        f'<tr><th scope="row">{what}</th><td class="n">{here}</td><td class="n">{there}</td>'
        f"<td>{_band(one)}</td><td>{lies}</td></tr>"
    )


def _band(one: TraitStanding) -> str:
    """Return a band for the training places, and a dot for this one; beyond the ends it is at the rim of the line."""
    at = min(max(20 + 60 * place_in_range(one), 3), 97)
    colour = _COLOURS[theme()][one.outside]
    return (
        '<span class="td-band" aria-hidden="true">'
        '<i style="left:0;right:0;top:5.5px;height:1px;background:rgba(128,140,148,.35)"></i>'
        '<i style="left:20%;width:60%;top:3px;height:6px;border-radius:3px;background:rgba(128,140,148,.45)"></i>'
        f'<i style="left:calc({at:.1f}% - 4px);top:2px;width:8px;height:8px;border-radius:50%;background:{colour}"></i>'
        "</span>"
    )
