"""Turn the charging model's figures, fold by fold, into the scorecard that a planner reads: one row a goal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from trafficdiff.datatypes.scorecard import Scorecard, ScorecardRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["charging_scorecard"]

_NAMES: Final = {
    "jsd168": "Hours of the week at which cars plug in, divergence",
    "w1_energy_kwh": "Energies, mean difference",
    "w1_dwell_h": "Stays, mean difference",
    "acf": "How plugs in use hang together over time, mean error",
    "crps": "Plugs in use by hour, error of the forecast (CRPS)",
}
_UNITS: Final = {"w1_energy_kwh": "kWh", "w1_dwell_h": "h"}
_FLOOR: Final = "floor: odd and even weeks"
_FLOORS: Final = 3.0
"""Held-out weeks: within so many times the floor."""
_WEEKS, _WITHOUT, _COPY = "held-out weeks of ", "without ", "copy "
_TRAINED_ON: Final = {"hamburg_train_sites": "hamburg", "workplace_usa": "workplace"}
_MEASURED: Final = "2026-11-23"


def charging_scorecard(document: Mapping[str, Any]) -> Scorecard:
    """Return the scorecard of what `trafficdiff evaluate --sessions ... -o` wrote.

    Raises
    ------
    KeyError, ValueError
        If it is something else.
    """
    rows = [row for name, fold in document["folds"].items() for row in _rows(name, fold)]
    rows += _site_rows(document.get("sites", {}))
    return Scorecard(
        subject="charging",
        date=str(document.get("date", _MEASURED)),
        made_with=("trafficdiff evaluate --model shipped --sites SITES --sessions SESSIONS... -o SCORECARD.json",),
        checkpoint_sha256=document["checkpoint_sha256"],
        rows=tuple(rows),
    )


def _rows(name: str, fold: Mapping[str, Any]) -> Iterator[ScorecardRow]:
    floor = fold[_FLOOR]["values"]
    if name.startswith(_WEEKS):
        key, aim = "jsd168", _FLOORS * floor["jsd168"]
        yield _row(key, of=f"{_place(name, _WEEKS)}, unseen weeks", fold=fold, aim=aim)
        return
    for key in _NAMES:
        copies = {
            other: row["values"][key]
            for other, row in fold.items()
            if other.startswith(_COPY) and _known(row["values"].get(key))
        }
        if copies and _known(fold["model"]["values"].get(key)):
            best = min(copies, key=lambda other: copies[other])
            place = _place(name, _WITHOUT)
            yield _row(key, of=f"{place} left out", fold=fold, aim=copies[best], best=(best, copies[best]))


def _row(
    key: str, *, of: str, fold: Mapping[str, Any], aim: float, best: tuple[str, float] | None = None
) -> ScorecardRow:
    value = fold["model"]["values"][key]
    margin = fold["model"]["margins"].get(key)
    low, high = (max(0.0, value - margin), value + margin) if _known(margin) else (None, None)
    floor = fold[_FLOOR]["values"].get(key)
    return ScorecardRow(
        key=key,
        name=_NAMES[key],
        of=of,
        model=value,
        low=low,
        high=high,
        floor=floor if _known(floor) else None,
        baseline=None if best is None else best[1],
        baseline_name="" if best is None else f"a copy of {_place(best[0], _COPY)}",
        aim=aim,
        better="low",
        unit=_UNITS.get(key, ""),
    )


def _site_rows(sites: Mapping[str, Any]) -> list[ScorecardRow]:
    if not sites:
        return []
    errors = {name: row["values"]["error"] for name, row in sites.items()}
    value, margin = errors.pop("model"), sites["model"]["margins"]["error"]
    best = min(errors, key=lambda name: errors[name])
    row = ScorecardRow(
        key="site_use", name="Share of time that plugs are taken at sites never seen, mean error", model=value,
        low=max(0.0, value - margin), high=value + margin, baseline=errors[best], baseline_name=best,
        aim=errors[best], better="low", unit="share",
    )  # fmt: skip
    return [row]


def _place(name: str, prefix: str) -> str:
    place = name.removeprefix(prefix)
    return _TRAINED_ON.get(place, place).replace("_", " ").title()


def _known(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)
