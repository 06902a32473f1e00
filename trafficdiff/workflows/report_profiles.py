"""Draw when in the day a scenario changes something, with the band in which the mean lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from markupsafe import Markup

from trafficdiff.export import charts
from trafficdiff.export.chart_markup import chart_markup
from trafficdiff.export.report_content import Figure
from trafficdiff.export.shown_numbers import signed, with_unit
from trafficdiff.metrics.intervals import student_interval
from trafficdiff.workflows.report_measures import clock

if TYPE_CHECKING:
    from collections.abc import Mapping

    import altair as alt
    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

    from trafficdiff.export.catalogue import Catalogue
    from trafficdiff.store.stack import Study
    from trafficdiff.workflows.comparison import Comparison

__all__ = ["level_profile", "profile_figure"]

_MINUTE_S: Final = 60.0
_WIDTH: Final = 640


def profile_figure(study: Study, found: Comparison, *, name: str, words: Catalogue) -> Figure:
    """Return delay over the day in base and scenario, and below it the change with its band."""
    levels = {key: _delay_min(study.results, key, found.samples) for key in (found.base, found.scenario)}
    time_s, length_s = _middles(study.results)
    change = levels[found.scenario] - levels[found.base]
    both = _profile(levels, time_s, confidence=found.confidence, least=0.0)
    changes = _profile({found.scenario: change}, time_s, confidence=found.confidence)
    per = words.number(float(np.median(length_s)) / _MINUTE_S)
    drawing = _chart(
        both, name=f"{name}-level", title=words.word("report.profile"), words=words,
        y_title=words.word("report.profile_axis", minutes=per),
        description=words.word("report.profile_description", base=found.base, scenario=found.scenario),
    ) + _chart(
        changes, name=f"{name}-change", title=words.word("report.profile_change"), words=words, height=150,
        y_title=words.word("report.profile_change_axis", minutes=per),
        description=words.word("report.profile_change_description", base=found.base, scenario=found.scenario),
        marked=True,
    )  # fmt: skip
    return Figure(
        title=words.word("report.profile"),
        drawing=drawing,
        caption=f"{_largest(changes, words)} {words.word('report.profile_caption')}",
    )


def level_profile(metrics: xr.Dataset, *, scenario: str, name: str, words: Catalogue) -> Figure:
    """Return delay over the day in one run."""
    time_s, length_s = _middles(metrics)
    delay = (metrics["delay"].sum("edge").to_numpy() / _MINUTE_S)[None, :]
    profile = _profile({scenario: delay}, time_s, confidence=0.95)
    per = words.number(float(np.median(length_s)) / _MINUTE_S)
    drawing = _chart(
        profile, name=name, title=words.word("report.level_profile"), words=words,
        y_title=words.word("report.profile_axis", minutes=per),
        description=words.word("report.level_profile_description", scenario=scenario),
    )  # fmt: skip
    return Figure(
        title=words.word("report.level_profile"), drawing=drawing, caption=words.word("report.level_profile_caption")
    )


def _delay_min(results: xr.Dataset, scenario: str, samples: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the delay of all roads by sample and interval [vehicle-minutes], run by run to spare memory."""
    rows = [
        results["delay"].sel(scenario=scenario, sample=sample).sum("edge", dtype=np.float64).to_numpy()
        for sample in samples
    ]
    return np.stack(rows) / _MINUTE_S


def _middles(data: xr.Dataset) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the middle and the length of each interval [s]; a study's lengths are those of its longest runs."""
    length = data["interval_length"]
    leading = [dim for dim in length.dims if dim != "time"]
    length_s = np.asarray(length.max(leading).to_numpy() if leading else length.to_numpy(), np.float64)
    return np.asarray(data["time"].to_numpy() + length_s / 2, np.float64), length_s


def _profile(
    values: Mapping[str, NDArray[np.float64]],
    time_s: NDArray[np.float64],
    *,
    confidence: float,
    least: float = -np.inf,
) -> pd.DataFrame:
    """Return mean and band by series and interval; no band goes below `least`, which no value does.

    Bands are Student's: towards the end of a period most samples are zero, and of a few values of which one stands out
    the bootstrap makes bands of any width.
    """
    import pandas as pd

    parts = []
    for series, each in values.items():
        count = len(each)
        bounds = [
            student_interval(column, confidence=confidence)[:2] if count > 1 else (np.nan, np.nan) for column in each.T
        ]
        low, high = np.array(bounds, np.float64).reshape(-1, 2).T
        mean = each.mean(axis=0)
        parts.append(
            pd.DataFrame(
                {"series": series, "time_s": time_s, "mean": mean, "low": np.maximum(low, least), "high": high}
            )
        )
    return pd.concat(parts, ignore_index=True)


def _chart(
    profile: pd.DataFrame,
    *,
    name: str,
    title: str,
    y_title: str,
    description: str,
    words: Catalogue,
    height: int = 220,
    marked: bool = False,
) -> Markup:
    def draw(look: charts.ChartLook) -> alt.LayerChart:
        return charts.time_profile(
            profile, x_title=words.word("report.clock"), y_title=y_title, description=description, look=look
        )

    look = charts.ChartLook(width=_WIDTH, height=height, decimal="," if words.number(0.5, 1)[1] == "," else ".")
    heading = Markup("<p class='chart-title'>{}</p>").format(title) if marked else Markup("")
    return heading + chart_markup(draw, look=look, name=name, title=title, description=description)


def _largest(changes: pd.DataFrame, words: Catalogue) -> str:
    """Return when the change is largest among the intervals in which it is more than chance."""
    apart = changes.loc[(changes["low"] > 0) | (changes["high"] < 0)]
    if apart.empty:
        return words.word("report.profile_no_time")
    place = int(np.argmax(np.abs(apart["mean"].to_numpy())))
    change = with_unit(signed(float(apart["mean"].to_numpy()[place]), 0, words), "min")
    return words.word("report.profile_largest", time=clock(float(apart["time_s"].to_numpy()[place])), change=change)
