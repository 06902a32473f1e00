"""Turn tables of calibration into text, goals met and missed, and the scorecard that travels with the model."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from trafficdiff.datatypes.scorecard import Scorecard, ScorecardRow
from trafficdiff.metrics.realism import HIGHER_IS_BETTER, LOWER_IS_BETTER
from trafficdiff.workflows.evaluate import FLOOR
from trafficdiff.workflows.evaluate_calibration import CALIBRATED, FROM_FILE, ROUTE_SAMPLER, ZERO_SHOT
from trafficdiff.workflows.text_table import text_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from trafficdiff.workflows.evaluate_calibration import CalibrationRow, CalibrationTable

__all__ = ["Goal", "behind", "goals_of", "scorecard", "shown"]

HALFWAY: Final = "halfway"
"""An aim: halfway from zero-shot to the floor."""
_SHOWN: Final = (
    ("flow_pearson", "flow r", 3), ("flow_spearman", "flow rho", 3), ("rmse_sqrt_flow", "RMSE", 2),
    ("geh5_used", "GEH used", 3), ("geh5_counted", "counted", 3), ("flow_pearson_elsewhere", "r elsewhere", 3),
    ("cpc_od", "CPC", 3), ("cpc_od_8x8", "CPC 8x8", 3), ("jsd_od", "OD", 3), ("jsd_o", "O", 3), ("jsd_d", "D", 3),
    ("jsd_length", "length", 3), ("mean_length_ratio", "ratio", 2), ("jsd_depart_15min", "depart", 3),
    ("route_overlap", "overlap", 3), ("share_identical_to_a_real_route", "identical", 3),
    ("share_disconnected", "disconn.", 3),
)  # fmt: skip
_PRIOR_MARGIN: Final = 0.02
_BETTER: Final = frozenset({*HIGHER_IS_BETTER, "geh5_counted", "flow_pearson_elsewhere", "geh5_used_elsewhere",
                            "route_overlap"})  # fmt: skip
_WORSE: Final = LOWER_IS_BETTER - {"share_disconnected"}


class _Shown(NamedTuple):
    """Say what one line of the card shows: which column of which calibrated row, and what it aims at."""

    key: str
    column: str
    row: str
    name: str
    aim: float | str | None = None


_SHOWN_ROWS: Final = (
    _Shown("flow_pearson", "flow_pearson", "counts", "Counts on 5 % of streets: flow by street, correlation", 0.9),
    _Shown("geh5_used", "geh5_used", "counts", "Counts on 5 % of streets: used streets with GEH < 5", 0.8),
    _Shown("geh5_counted", "geh5_counted", "counts", "Counts on 5 % of streets: counted streets with GEH < 5", 0.95),
    _Shown("flow_pearson_elsewhere", "flow_pearson_elsewhere", "counts", "The same where nobody counted, correlation"),
    _Shown("rmse_sqrt_flow", "rmse_sqrt_flow", "counts", "The same, root mean square of root flows"),
    _Shown("jsd_length", "jsd_length", "counts", "The same, lengths of routes, Jensen-Shannon divergence"),
    _Shown("route_overlap", "route_overlap", "counts", "The same, overlap of routes with the nearest real one"),
    _Shown("cpc_observed", "cpc_od_8x8", "observed", "500 observed trips: origins and destinations, common part",
           HALFWAY),
    _Shown("flow_observed", "flow_pearson", "observed", "500 observed trips: flow by street, correlation"),
    _Shown("cpc_both", "cpc_od_8x8", "both", "Counts and trips: origins and destinations, common part", HALFWAY),
    _Shown("flow_both", "flow_pearson", "both", "Counts and trips: flow by street, correlation", 0.9),
    _Shown("flow_totals", "flow_pearson", "totals", "Totals of 16 zones: flow by street, correlation"),
    _Shown("cpc_totals", "cpc_od_8x8", "totals", "Totals of 16 zones: origins and destinations, common part"),
)  # fmt: skip
_BY_CITY: Final = frozenset({"flow_pearson", "geh5_used", "geh5_counted", "cpc_observed", "flow_both", "cpc_both"})
_AIMS: Final = {"flow_pearson": 0.9, "geh5_used": 0.8, "geh5_counted": 0.95}
_NOTES: Final = {
    "en": (
        "Each city was unknown to the model that was calibrated to it.",
        "The reference is demand calibrated to counts or modelled; it is not a log of drivers.",
    ),
    "de": (
        "Jede Stadt war dem Modell unbekannt, das an sie angepasst wurde.",
        "Der Maßstab ist an Zählungen angepasste oder modellierte Nachfrage; er ist keine Aufzeichnung wirklicher "
        "Fahrten.",
    ),
}


@dataclass(frozen=True)
class Goal:
    """Say what was aimed at in one city, and what came.

    Parameters
    ----------
    city, row, goal
        Where, which row, and what was aimed at.
    aim, got
        Numbers; what they are the goal says.
    met
        Whether the aim was reached.
    """

    city: str
    row: str
    goal: str
    aim: float
    got: float
    met: bool

    @property
    def sentence(self) -> str:
        """One line: met or MISSED."""
        word = "met   " if self.met else "MISSED"
        return f"{word} {self.city}: {self.row}: {self.goal}: {self.got:.3f} (aim {self.aim:.3f})"


def shown(name: str, table: CalibrationTable) -> str:
    """Return the table of a city as text, what it was made with above."""
    begin_s, end_s = table.window_s
    head = (
        f"{name}: {table.real_trips:,} real trips from {begin_s:g} to {end_s:g} s; n = {table.trips:,}, "
        f"{len(table.seeds)} draws; counts on {table.counted_edges} of {table.used_edges} used edges "
        f"({table.counts_from}), {table.observed} observed trips; {table.cpu_s:.0f} CPU s"
    )
    headings = ("mean over the draws", *(label for _, label, _ in _SHOWN), "CPU s")
    rows = [
        (row.name, *(_number(row.values[key], digits) for key, _, digits in _SHOWN), f"{row.cpu_s:.1f}")
        for row in table.rows
    ]
    left = [f"left out: {what}: {why}" for what, why in table.left_out.items()]
    return "\n".join([head, text_table(headings, rows), *left])


def _number(value: float, digits: int) -> str:
    return "-" if np.isnan(value) else f"{value:.{digits}f}"


def goals_of(city: str, table: CalibrationTable) -> tuple[Goal, ...]:
    """Return what was aimed at in a city, met or missed; goals whose rows were not made are left out."""
    rows = {row.name: row for row in table.rows}
    return (*_flow_goals(city, rows), *_trip_goals(city, rows), *_prior_goals(city, rows))


def _flow_goals(city: str, rows: Mapping[str, CalibrationRow]) -> Iterator[Goal]:
    counts, sampler = rows.get(CALIBRATED["counts"]), rows.get(ROUTE_SAMPLER)
    if counts is None:
        return
    for key, aim in _AIMS.items():
        yield _at_least(city, counts, f"{key} at least", aim, counts.values[key])
    if sampler is not None:
        lost = behind(counts, sampler)
        told = [f"{key} by {abs(counts.values[key] - sampler.values[key]):.3f}" for key in lost]
        named = f" ({', '.join(told)})" if told else ""
        yield Goal(city, counts.name, f"columns behind {ROUTE_SAMPLER}{named}", 0, len(lost), not lost)


def _trip_goals(city: str, rows: Mapping[str, CalibrationRow]) -> Iterator[Goal]:
    counts, observed, both = (rows.get(CALIBRATED[key]) for key in ("counts", "observed", "both"))
    floor, zero = rows.get(FLOOR), rows.get(ZERO_SHOT)
    if observed is not None and zero is not None and floor is not None:
        aim = _halfway(zero, floor)
        yield _at_least(city, observed, "cpc_od_8x8 halfway to the floor", aim, observed.values["cpc_od_8x8"])
    if both is not None and counts is not None and observed is not None:
        for key in ("flow_pearson", "cpc_od_8x8"):
            aim = max(counts.values[key], observed.values[key])
            yield _at_least(city, both, f"{key} at least that of either alone", aim, both.values[key])


def _prior_goals(city: str, rows: Mapping[str, CalibrationRow]) -> Iterator[Goal]:
    zero = rows.get(ZERO_SHOT)
    for row in (rows[name] for name in CALIBRATED.values() if name in rows and zero is not None):
        assert zero is not None
        aim, got = zero.values["jsd_length"] + _PRIOR_MARGIN, row.values["jsd_length"]
        yield Goal(city, row.name, "jsd_length at most zero-shot's + .02", aim, got, got <= aim)
        aim = zero.values["route_overlap"] - _PRIOR_MARGIN
        yield _at_least(city, row, "route_overlap at least zero-shot's - .02", aim, row.values["route_overlap"])


def _at_least(city: str, row: CalibrationRow, what: str, aim: float, got: float) -> Goal:
    return Goal(city, row.name, what, aim, got, got >= aim)


def _halfway(zero: CalibrationRow, floor: CalibrationRow) -> float:
    return (zero.values["cpc_od_8x8"] + floor.values["cpc_od_8x8"]) / 2


def behind(row: CalibrationRow, other: CalibrationRow) -> list[str]:
    """Return the columns with a better and a worse end in which a row is behind another."""
    return [
        key for key, value in row.values.items()
        if (key in _BETTER and value < other.values[key]) or (key in _WORSE and value > other.values[key])
    ]  # fmt: skip


def scorecard(found: Mapping[str, CalibrationTable], *, command: str, variants_tried: int = 0) -> Scorecard:
    """Return the scorecard: means over the cities first, then each city; every goal and every table in its details.

    Parameters
    ----------
    found
        Tables by the name of the city; those of count files are no part of the means.
    command
        What made it.
    variants_tried
        How many variants of calibration were tried on these cities.
    """
    drawn = {name: table for name, table in found.items() if table.counts_from != FROM_FILE}
    parts = [("", drawn), *((name, {name: table}) for name, table in found.items())]
    rows = [row for of, tables in parts for what in _SHOWN_ROWS if (row := _card_row(of, tables, what)) is not None]
    goals = [goal for name, table in found.items() for goal in goals_of(name, table)]
    return Scorecard(
        subject="calibration",
        date=dt.datetime.now(dt.UTC).date().isoformat(),
        made_with=(command,),
        rows=tuple(rows),
        notes=_NOTES,
        details={
            "variants_tried": variants_tried,
            "goals_met": sum(goal.met for goal in goals),
            "goals": [asdict(goal) for goal in goals],
            "tables": {name: _plain(asdict(table)) for name, table in found.items()},
        },
    )


def _card_row(of: str, tables: Mapping[str, CalibrationTable], what: _Shown) -> ScorecardRow | None:
    """Return one line: our row beside what stands beside it, the mean over some tables."""
    whole = [table for table in tables.values() if table.row(CALIBRATED[what.row]) is not None]
    if not whole or (of and what.key not in _BY_CITY):
        return None

    def mean(name: str) -> float | None:
        values = [row.values[what.column] for table in whole if (row := table.row(name)) is not None]
        return float(np.mean(values)) if len(values) == len(whole) else None

    own = [row for table in whole if (row := table.row(CALIBRATED[what.row])) is not None]
    draws = [np.array([draw[what.column] for draw in row.draws]) for row in own]
    model, margin = float(np.mean([values.mean() for values in draws])), _margin(draws)
    low, high = (None, None) if margin is None else (model - margin, model + margin)
    if high is not None and what.column != "rmse_sqrt_flow":
        high = min(high, 1.0)  # shares, correlations, divergences
    zero, floor, baseline = mean(ZERO_SHOT), mean(FLOOR), mean(ROUTE_SAMPLER)
    halfway = (zero + floor) / 2 if what.aim is HALFWAY and zero is not None and floor is not None else None
    return ScorecardRow(
        key=what.key, name=what.name, of=of, model=model,
        low=low, high=high,
        before=zero, floor=floor, baseline=baseline, baseline_name="" if baseline is None else ROUTE_SAMPLER,
        aim=halfway if what.aim is HALFWAY else what.aim, decides=not (of and whole[0].counts_from == FROM_FILE),
        better="high" if what.column in _BETTER else "low", noise=0.0 if what.column == "rmse_sqrt_flow" else 0.03,
        unit="share" if what.column.startswith("geh5") else "",
    )  # fmt: skip


def _margin(draws: Sequence[NDArray[np.float64]]) -> float | None:
    """Return half of the 95 % interval of the mean over cities of the mean over draws, by Student's t; None of one."""
    from scipy.stats import t

    freedom = sum(len(values) - 1 for values in draws)
    if freedom < 1:
        return None
    spread = sum(values.var(ddof=1) / len(values) for values in draws if len(values) > 1)
    return float(t.ppf(0.975, freedom) * np.sqrt(spread) / len(draws))


def _plain(value: Any) -> Any:
    """Return plain data as JSON holds it: numbers to four digits, NaN left out."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items() if not _is_nan(part)}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return round(value, 4) if isinstance(value, float) else value


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and bool(np.isnan(value))
