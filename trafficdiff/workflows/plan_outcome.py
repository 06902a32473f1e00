"""Say what a plan found: a ranking, a choice within the budget, and what the chosen set does together."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from trafficdiff.units import QUANTITIES

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.workflows.bounded import Bounded

__all__ = ["Joint", "PlanOutcome", "RankedCandidate"]


_SAID: Final = {
    "above": "saves",
    "below": "harms",
    "zero": "changes nothing",
    "either": "may be chance",
    "unknown": "unknown",
}


@dataclass(frozen=True, kw_only=True)
class RankedCandidate:
    """Say what one candidate is worth.

    Parameters
    ----------
    place
        From 1; by worth.
    name, cost
        As in the file.
    samples
        Samples in which it and the base have a run.
    saved
        What it saves in one window of the study, in the number's unit.
    lifetime_windows
        How often the window happens while it serves.
    worth
        What it saves over its life for each unit of money.
    probability_best
        That it is worth most for its cost.
    probability_chosen
        That it belongs to the best set within the budget.
    chosen
        Whether it belongs to the set that was chosen.
    trip_hours_saved
        Time on the road that it saves in one window [h]: it does not depend on the speed limits.
    trips_removed
        Trips that it takes off the road in one window.
    failed, marked
        Runs that failed; runs whose gates failed.
    """

    place: int
    name: str
    cost: float
    samples: int
    saved: Bounded
    lifetime_windows: float
    worth: Bounded
    probability_best: float
    probability_chosen: float
    chosen: bool
    trip_hours_saved: Bounded
    trips_removed: float
    failed: int
    marked: int

    @property
    def verdict(self) -> str:
        """What can be said of it."""
        return _SAID[self.saved.side]


@dataclass(frozen=True, kw_only=True)
class Joint:
    """Say what the chosen candidates do together, in one window of the study.

    Parameters
    ----------
    saved
        What the set saves, on samples that the choice has not seen. Those that it has seen flatter it: what is chosen
        is partly what was lucky.
    samples
        How many new samples there are.
    together, singles, interaction
        On the samples that chose it, the same for all three: what the set saves, the sum of what its candidates save
        alone, and the first less the second. For a set of one, `singles` is `together`.
    common_samples
        How many of these.
    marked
        Runs of the set whose gates failed.
    """

    saved: Bounded
    samples: int
    together: Bounded
    singles: Bounded
    interaction: Bounded
    common_samples: int
    marked: int


@dataclass(frozen=True, kw_only=True)
class PlanOutcome:
    """Say what a plan found.

    Parameters
    ----------
    directory
        Where it is kept.
    scenario
        Name of the base.
    kpi, confidence, budget, currency
        As asked.
    ranking
        Candidates by worth, the best first.
    out_of_reach
        Candidates that cannot be had within the budget with all that they require; they were not simulated.
    cost
        Of the chosen set.
    joint
        What the chosen set does together; None if nothing is worth its cost.
    simulations, simulations_asked, simulations_made
        Used in all, at most, and made by this call (the rest was there).
    base_samples, base_marked
        Runs of the base, and those whose gates failed.
    warnings
        What must be known before the rest is believed.
    result_hash
        Over all numbers: the same whichever workers or interruptions there were.
    """

    directory: Path
    scenario: str
    kpi: str
    confidence: float
    budget: float
    currency: str
    ranking: tuple[RankedCandidate, ...]
    out_of_reach: tuple[str, ...]
    cost: float
    joint: Joint | None
    simulations: int
    simulations_asked: int
    simulations_made: int
    base_samples: int
    base_marked: int
    warnings: tuple[str, ...]
    result_hash: str = ""

    @property
    def chosen(self) -> tuple[str, ...]:
        """Names of the chosen candidates, in the order of the ranking."""
        return tuple(row.name for row in self.ranking if row.chosen)

    @property
    def unit(self) -> str:
        """Unit of the number that is saved."""
        return QUANTITIES[self.kpi].units

    def headings(self) -> tuple[str, ...]:
        """Return what stands above the columns of `rows`."""
        return (
            "candidate", f"cost [{self.currency}]", "samples", f"saved a window [{self.unit}]",
            f"saved per 1,000 {self.currency} [{self.unit}]", "best", "in the set", "chosen", "",
        )  # fmt: skip

    def rows(self) -> list[tuple[str, ...]]:
        """Return the ranking for people."""
        return [
            (
                row.name,
                f"{row.cost:,.0f}",
                str(row.samples),
                row.saved.text(),
                row.worth.times(1_000).text(),
                _percent(row.probability_best),
                _percent(row.probability_chosen),
                "yes" if row.chosen else "",
                row.verdict,
            )
            for row in self.ranking
        ]

    def sentences(self) -> list[str]:
        """Return the choice in words."""
        spent = f"{self.simulations} of {self.simulations_asked} simulations"
        if self.joint is None:
            return [f"no candidate within {self.budget:,.0f} {self.currency} saves anything ({spent})"]
        said = [
            f"chosen: {', '.join(self.chosen)}; {self.cost:,.0f} of {self.budget:,.0f} {self.currency} ({spent})",
            f"together it saves {self.joint.saved.text()} {self.unit} a window on {self.joint.samples} new samples: "
            f"{_SAID[self.joint.saved.side]}",
        ]
        if len(self.chosen) > 1:
            said.append(
                f"on the {self.joint.common_samples} samples that chose it: together {self.joint.together.text()}, sum "
                f"of the single ones {self.joint.singles.text()}, so together less sum {self.joint.interaction.text()} "
                f"{self.unit}"
            )
        return said

    def summary(self) -> dict[str, Any]:
        """Return everything as plain data."""
        content = asdict(self)
        for row, ranked in zip(content["ranking"], self.ranking, strict=True):
            row["verdict"] = ranked.verdict
        return content | {"chosen": list(self.chosen), "unit": self.unit}


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{share:.0%}"
