"""Compare two scenarios of a study: what the measures change, and what of it is more than chance.

::

    study ─┬─ numbers of the area ─▶ paired differences, intervals        kpis, ranking
           ├─ (time, edge) arrays ─▶ moderated t, false discovery control edges, intervals
           ├─ nets ───────────────▶ added, removed, unmatched roads       edges["status"]
           └─ trips ──────────────▶ change of each trip's time by zone    zones
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.errors import InputError
from trafficdiff.publish import refuse_taken
from trafficdiff.units import QUANTITIES
from trafficdiff.workflows.comparison import Comparison
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.randomness import stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

    from trafficdiff.store.stack import Study
    from trafficdiff.workflows.progress import Progress

__all__ = [
    "CONFIDENCE",
    "FALSE_DISCOVERY_RATE",
    "RANKED_BY",
    "Pair",
    "compare",
    "compare_numbers",
    "number_levels",
    "pair_of",
    "rank_scenarios",
]

CONFIDENCE: Final = 0.95
FALSE_DISCOVERY_RATE: Final = 0.05
RANKED_BY: Final = "mean_trip_time"
"""What scenarios are ranked by if nobody says: unlike delay it is not held against limits, which measures move."""
_STAGE: Final = "comparison"
_FEW: Final = 5


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Say which runs of a study are compared.

    Parameters
    ----------
    base, scenario
        Names.
    samples, left_out
        Samples in which both have a run, and the others.
    paired
        Whether both have the same random numbers in a sample.
    seed
        The base's.
    warnings
        What must be known before the numbers are believed.
    """

    base: str
    scenario: str
    samples: tuple[int, ...]
    left_out: tuple[int, ...]
    paired: bool
    seed: int
    warnings: tuple[str, ...]


def compare(
    directory: str | Path,
    *,
    scenario: str,
    base: str | None = None,
    confidence: float = CONFIDENCE,
    rate: float = FALSE_DISCOVERY_RATE,
    ranked_by: str = RANKED_BY,
    output: str | Path | None = None,
    progress: Progress = quiet,
) -> Comparison:
    """Compare a scenario with its base, sample by sample.

    Parameters
    ----------
    directory
        A finished study, as `trafficdiff ensemble` makes it.
    scenario, base
        Names of scenarios of the study; left out, the base is the study's.

    Other Parameters
    ----------------
    confidence
        Of all intervals.
    rate
        Share of false ones among the roads, intervals and zones called changed that is put up with.
    ranked_by
        Number of the area by which all scenarios of the study are ranked.
    output
        Directory to write tables and maps to, whole or not at all; new or empty.
    progress
        Receives stages and shares.

    Raises
    ------
    InputError
        If a name, the number, the confidence or the rate cannot be meant, or the two have no sample in common.
    OutputError
        Before any work, if `output` is taken.
    StoreError
        If the study is not finished or not whole, or the output cannot be written.
    """
    from trafficdiff.store.stack import open_study

    if output is not None:
        refuse_taken(Path(output))
    _refuse_shares(confidence=confidence, rate=rate)
    progress("opening the study", None)
    study = open_study(directory)
    pair = pair_of(study, base=base, scenario=scenario)
    found = _compared(study, pair, confidence=confidence, rate=rate, ranked_by=ranked_by, progress=progress)
    if output is None:
        return found
    from trafficdiff.workflows.comparison_files import write_comparison

    progress("writing tables and maps", None)
    return write_comparison(found, study, Path(output))


def _refuse_shares(*, confidence: float, rate: float) -> None:
    if not 0.5 < confidence < 1:
        raise InputError(f"expected a confidence between 0.5 and 1, such as 0.95, got {confidence:g}")
    if not 0 < rate < 1:
        raise InputError(f"expected a rate of false discoveries between 0 and 1, such as 0.05, got {rate:g}")


def pair_of(study: Study, *, scenario: str, base: str | None = None) -> Pair:
    """Return which runs of a finished study are compared.

    Raises
    ------
    InputError
        If a name cannot be meant, or the two have no sample in common.
    StoreError
        If the study is not finished.
    """
    base = study.base if base is None else base
    for name in (base, scenario):
        study.scenario(name)
    if scenario == base:
        others = ", ".join(name for name in study.scenarios if name != base)
        raise InputError(
            f"expected another scenario than the base, {base!r}, got itself; the study has {others or 'no other'}"
        )
    samples, left_out = _samples(study, base, scenario)
    seed = study.scenario(base).seed
    paired = seed == study.scenario(scenario).seed
    return Pair(
        base=base,
        scenario=scenario,
        samples=samples,
        left_out=left_out,
        paired=paired,
        seed=seed,
        warnings=_warnings(study, (base, scenario), samples=samples, left_out=left_out, paired=paired),
    )


def compare_numbers(study: Study, pair: Pair, *, confidence: float = CONFIDENCE) -> pd.DataFrame:
    """Return the changes of the area's numbers, one row each; see `metrics.kpi_changes`."""
    from trafficdiff.metrics.kpi_changes import kpi_changes

    numbers = _numbers(study.results)
    before, after = (
        {name: values[study.scenarios.index(scenario), list(pair.samples)] for name, values in numbers.items()}
        for scenario in (pair.base, pair.scenario)
    )
    return kpi_changes(before, after, confidence=confidence, dice=_dice(study, pair.seed), paired=pair.paired)


def number_levels(
    results: xr.Dataset, scenario: str, *, samples: Sequence[int], confidence: float = CONFIDENCE
) -> pd.DataFrame:
    """Return how the area's numbers stand in one scenario; see `metrics.kpi_levels`.

    Parameters
    ----------
    results
        With leading ``scenario`` and ``sample``, as `store.stack.Study.results`.
    scenario, samples
        Which; at least one sample.
    confidence
        Of the bounds.
    """
    from trafficdiff.metrics.intervals import resamples
    from trafficdiff.metrics.kpi_levels import kpi_levels

    chosen = results.sel(scenario=[scenario], sample=list(samples))
    dice = resamples(len(samples), generator=stream(0, _STAGE))
    return kpi_levels({name: each[0] for name, each in _numbers(chosen).items()}, confidence=confidence, dice=dice)


def rank_scenarios(
    study: Study, *, ranked_by: str = RANKED_BY, confidence: float = CONFIDENCE, seed: int | None = None
) -> pd.DataFrame:
    """Return all scenarios of a study ranked by a number of the area; see `metrics.ranking`.

    Parameters
    ----------
    seed
        Of the dice; left out, the base's.

    Raises
    ------
    InputError
        If the study does not have that number, or no sample in which all scenarios have one.
    """
    numbers = _numbers(study.results)
    if ranked_by not in numbers:
        raise InputError(f"expected a number of the area to rank by ({', '.join(sorted(numbers))}), got {ranked_by!r}")
    dice = _dice(study, study.scenario(study.base).seed if seed is None else seed)
    return _ranking(study, numbers[ranked_by], name=ranked_by, confidence=confidence, dice=dice)


def _dice(study: Study, seed: int) -> NDArray[np.float64]:
    from trafficdiff.metrics.intervals import resamples

    return resamples(study.results.sizes["sample"], generator=stream(seed, _STAGE))


def _compared(
    study: Study, pair: Pair, *, confidence: float, rate: float, ranked_by: str, progress: Progress
) -> Comparison:
    from trafficdiff.workflows.compare_edges import compare_edges, graphs_of
    from trafficdiff.workflows.compare_trips import compare_trips

    ranking = rank_scenarios(study, ranked_by=ranked_by, confidence=confidence, seed=pair.seed)
    progress("comparing the area's numbers", None)
    kpis = compare_numbers(study, pair, confidence=confidence)
    graphs = graphs_of(study, pair.base, pair.scenario, sample=pair.samples[0])
    edges, intervals = compare_edges(study, pair, confidence=confidence, rate=rate, graphs=graphs, progress=progress)
    zones, fates = compare_trips(study, pair, confidence=confidence, rate=rate, graph=graphs[0], progress=progress)
    return Comparison(
        base=pair.base,
        scenario=pair.scenario,
        samples=pair.samples,
        left_out=pair.left_out,
        paired=pair.paired,
        confidence=confidence,
        rate=rate,
        kpis=kpis,
        edges=edges,
        intervals=intervals,
        zones=zones,
        fates=fates,
        ranking=ranking,
        ranked_by=ranked_by,
        warnings=pair.warnings,
    )


def _numbers(results: xr.Dataset) -> dict[str, NDArray[np.float64]]:
    """Return the area's numbers of all runs, shape (scenario, sample) each."""
    return {
        str(name): np.asarray(array.to_numpy(), np.float64)
        for name, array in results.data_vars.items()
        if array.dims == ("scenario", "sample") and str(name) in QUANTITIES
    }


def _samples(study: Study, base: str, scenario: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the samples in which both have a run, and the others.

    Raises
    ------
    InputError
        If there is none.
    """
    state = study.results["run_state"].sel(scenario=[base, scenario]).to_numpy()
    there = (state != "failed").all(axis=0)
    if not there.any():
        raise InputError(
            f"expected a sample in which both {base!r} and {scenario!r} have a run, found none; see outcome.json"
        )
    numbers = study.results["sample"].to_numpy()
    return tuple(map(int, numbers[there])), tuple(map(int, numbers[~there]))


def _ranking(
    study: Study, values: NDArray[np.float64], *, name: str, confidence: float, dice: NDArray[np.float64]
) -> pd.DataFrame:
    """Rank the scenarios that have a number at all, over the samples in which all of these have one."""
    from trafficdiff.metrics.ranking import MORE_IS_BETTER, ranking

    known = np.asarray(np.isfinite(values).any(axis=1))
    names = [scenario for scenario, seen in zip(study.scenarios, known, strict=True) if seen]
    shared = np.isfinite(values[known]).all(axis=0)
    if not shared.any():
        raise InputError(f"expected a sample in which all scenarios have a {name}, found none; rank by another number")
    chosen = values[known][:, shared]
    return ranking(chosen, names, more_is_better=name in MORE_IS_BETTER, confidence=confidence, dice=dice)


def _warnings(
    study: Study, names: tuple[str, str], *, samples: Sequence[int], left_out: Sequence[int], paired: bool
) -> tuple[str, ...]:
    """Return what must be known before the numbers are believed."""
    said: list[str] = []
    if left_out:
        said.append(f"{len(left_out)} samples are left out: in these one of the two runs failed")
    for name in names:
        state = study.results["run_state"].sel(scenario=name).to_numpy()
        if count := int((state == "gates failed").sum()):
            said.append(f"{count} of {len(state)} runs of {name!r} did not pass their gates: they may hold jams")
    if len(samples) < _FEW:
        said.append(f"{len(samples)} samples are few: from {_FEW} on the intervals come from the bootstrap")
    if not paired:
        said.append("base and scenario have different seeds: intervals are unpaired, and trips are not followed across")
    return tuple(said)
