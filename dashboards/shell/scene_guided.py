"""Say what a folder of guided scenes holds: how many were kept, what that means, how far each was led, and why not."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from dashboards.shell.looks import number
from dashboards.shell.state import workspace
from dashboards.shell.words import has_word, plain_word, word

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Guided", "guided_in", "reason_text", "told_of_folder", "told_of_scene"]

_CASES: Final = "scenes.json"
_MOST_BYTES: Final = 50_000_000
_TIMES: Final = re.compile(r"(?:^|, )(?P<why>[A-Za-z][A-Za-z ']*?) (?P<count>\d+) times")
_NEAREST: Final = re.compile(r"nearest (?P<got>[-0-9.e+]+) instead of (?P<asked>[-0-9.e+]+) s")


@dataclass(frozen=True, kw_only=True)
class Guided:
    """Hold what a folder of guided scenes says of itself.

    Parameters
    ----------
    cases
        By name of the scene, those that were kept.
    asked, drawn
        How many cases and how many draws there were.
    refused
        Why how many draws were not kept.
    """

    cases: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    asked: int = 0
    drawn: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)


def guided_in(folder: str) -> Guided | None:
    """Return what a folder says of itself; None where its scenes are not guided."""
    path = workspace().path_of(folder) / _CASES
    return _guided_at(path, path.stat().st_mtime_ns) if path.is_file() else None


@st.cache_resource(max_entries=16, show_spinner=False)
def _guided_at(path: Path, stamp: int) -> Guided | None:  # noqa: ARG001 - part of what is looked up
    if path.stat().st_size > _MOST_BYTES:
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        told = content.get("provenance", {})
        cases = content["scenes"]
        if not any("nats" in case for case in cases):
            return None
        refused = {str(why): int(count) for why, count in json.loads(told.get("refused", "{}")).items()}
        return Guided(
            cases={str(case["scene"]): case for case in cases if case["valid"]}, asked=len(cases),
            drawn=int(told.get("drawn", 0)), refused=refused,
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # the table's own reader says what is wrong


def told_of_folder(guided: Guided) -> None:
    """Say in a few lines how many were kept and what that means, how far they were led, and why others were not."""
    nats = [float(case["nats"]) for case in guided.cases.values() if case.get("nats") is not None]
    budget = max((float(case.get("budget_nats") or 0.0) for case in guided.cases.values()), default=0.0)
    said = [word("scene_guide.kept", kept=len(guided.cases), asked=guided.asked, drawn=number(guided.drawn, 0))]
    if nats:
        span = "\N{EN DASH}".join(dict.fromkeys((number(min(nats), 0), number(max(nats), 0))))
        said.append(word("scene_guide.led", span=span, budget=number(budget, 0)))
    if guided.refused:
        counted = Counter(guided.refused).most_common()
        reasons = ", ".join(f"{_why(why)} {number(count, 0)}" for why, count in counted)
        said.append(word("scene_guide.refused", reasons=reasons))
    with st.container(border=True):
        st.markdown("  \n".join(said))
        st.caption(word("scene_guide.kept_means"))


def told_of_scene(case: Mapping[str, Any]) -> None:
    """Say what was asked of one scene, what came out, and what it took."""
    weight = case.get("log_weight")
    angle = case.get("asked_angle_deg")
    said = word(
        "scene_guide.scene", asked=_two(case.get("asked"), "s"), achieved=_two(case.get("achieved"), "s"),
        nats=_one(case.get("nats")), weight=_one(weight), draws=int(case.get("draws") or 0),
        source=str(case.get("source", "")),
    )  # fmt: skip
    if angle is not None:
        got = number(float(case.get("angle_deg") or math.nan), 0, "\N{DEGREE SIGN}")
        said += " " + word("scene_guide.scene_angle", asked=number(float(angle), 0, "\N{DEGREE SIGN}"), achieved=got)
    if (who := str(case.get("driven_by") or "drawn")) != "drawn":
        said += " " + word("scene_guide.scene_driven", who=who, count=int(case.get("replans") or 0))
    st.caption(said)


def reason_text(reason: str) -> str:
    """Return why a case was not kept in the reader's language, as far as it says what such reasons mostly say."""
    parts = [
        plain_word("scene_guide.times", why=_why(found["why"]), count=int(found["count"]))
        for found in _TIMES.finditer(reason)
    ]
    if not parts:
        return reason
    if nearest := _NEAREST.search(reason):
        parts.append(
            plain_word("scene_guide.nearest", got=_two(nearest["got"], "s"), asked=_two(nearest["asked"], "s"))
        )
    return ", ".join(parts)


def _why(reason: str) -> str:
    key = "scene_guide.why_" + reason.replace(" ", "_").replace("'", "")
    return plain_word(key) if has_word(key) else reason


def _one(value: object) -> str:
    return number(math.nan if value is None else float(str(value)), 1)


def _two(value: object, unit: str) -> str:
    return number(math.nan if value is None else float(str(value)), 2, unit)
