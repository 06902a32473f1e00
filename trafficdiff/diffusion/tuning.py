"""Let a city's own trips say more and more, and stop when held-out trips are told no better.

The path goes from a stiff ridge to a loose one: first trip ends alone, then pairs too, each fit begun where the last
one ended. A looser ridge tells the trips at hand better, and from some width on others worse; that is where it stops.
Regularisation paths: Friedman, Hastie, Tibshirani (2010), "Regularization paths for generalized linear models via
coordinate descent".
"""

from __future__ import annotations

import copy
import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import torch

from trafficdiff.diffusion.local_model import LocalModel, Widths

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trafficdiff.diffusion.local_model import Place, Tally
    from trafficdiff.diffusion.tuning_settings import TuningSettings

__all__ = ["Tuned", "fit", "tune"]

_ENDS: Final = (0.5, 1.0, 1.5, 2.0, 3.0)
_PAIRS: Final = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 9.0)
"""Widths of the ridge on the path, logarithms of factors; declared. On five cities the best lies inside."""
_LOOSEST: Final = 1_000.0
"""Multiple of these widths where nothing shall hold it."""
_STEPS: Final = 60
_TOLERANCE: Final = 1e-7


@dataclass(frozen=True, eq=False)
class Tuned:
    """Hold what came out.

    Parameters
    ----------
    model
        The one that told held-out trips best; the last one where nothing was held out or nobody asked.
    widths
        Its ridge; None where nothing was better than what is believed of any city.
    curve
        Learning curve: widths, losses of learned and of held-out trips [nat a trip], CPU seconds so far.
    stopped
        Why it ended.
    """

    model: LocalModel
    widths: Widths | None
    curve: list[dict[str, Any]]
    stopped: str


def tune(
    place: Place,
    learned: Tally,
    held_out: Tally | None,
    *,
    settings: TuningSettings,
    told: Callable[[dict[str, Any], float], None] | None = None,
) -> Tuned:
    """Return the corrections of a place that tell its held-out trips best.

    Parameters
    ----------
    place
        What is believed of it.
    learned, held_out
        Trips to learn from, and to stop by; None goes to the end of the path.

    Other Parameters
    ----------------
    settings, told
        How; told each row of the curve, and the share of the time that is spent.
    """
    course = _Course(place, learned, held_out, settings, told)
    course.look(None)
    loose = 1 / math.sqrt(settings.penalty) if settings.penalty > 0 else _LOOSEST
    course.walk([Widths(ends=loose * width, way=loose) for width in _ENDS])
    course.go_back()
    ends = course.best_widths or Widths(ends=loose * _ENDS[0], way=loose)
    course.walk([replace(ends, pair=loose * width) for width in _PAIRS])
    course.go_back()
    return Tuned(course.model, course.best_widths, course.curve, course.stopped)


class _Course:
    """Walk a path, and remember the best place on it."""

    def __init__(
        self,
        place: Place,
        learned: Tally,
        held_out: Tally | None,
        settings: TuningSettings,
        told: Callable[[dict[str, Any], float], None] | None,
    ) -> None:
        self.model = LocalModel(place)
        self.learned, self.held_out, self.settings, self.told = learned, held_out, settings, told
        self.to_the_end = settings.patience is None or held_out is None
        self.started_s = time.process_time()
        self.curve: list[dict[str, Any]] = []
        self.stopped = "the end of the path"
        self.best = math.inf
        self.best_widths: Widths | None = None
        self._kept = copy.deepcopy(self.model.state_dict())
        self._missed = 0

    @property
    def spent(self) -> float:
        """The share of the time that is spent."""
        return (time.process_time() - self.started_s) / (60 * self.settings.cpu_minutes)

    def walk(self, path: Sequence[Widths]) -> None:
        """Fit along a path of ridges until held-out trips get no better, or the time is spent."""
        self._missed = 0
        for widths in path:
            if self.spent >= 1:
                self.stopped = "the time was spent"
                return
            fit(self.model, self.learned, widths=widths)
            self.look(widths)
            patience = self.settings.patience
            if not self.to_the_end and patience is not None and self._missed >= patience:
                self.stopped = f"held-out trips got no better {self._missed} times"
                return

    def look(self, widths: Widths | None) -> None:
        """Add a row to the curve, and keep the model if it is the best so far."""
        with torch.no_grad():
            learned = float(self.model.loss(self.learned))
            held_out = None if self.held_out is None else float(self.model.loss(self.held_out))
        row = {
            "ends": 0.0 if widths is None else widths.ends,
            "pairs": 0.0 if widths is None else widths.pair,
            "learned": round(learned, 4),
            "held_out": None if held_out is None else round(held_out, 4),
            "cpu_s": round(60 * self.settings.cpu_minutes * self.spent, 2),
        }
        self.curve.append(row)
        if self.to_the_end or held_out is None or held_out < self.best:
            self.best, self.best_widths = math.inf if held_out is None else held_out, widths
            self._kept = copy.deepcopy(self.model.state_dict())
            self._missed = 0
        else:
            self._missed += 1
        if self.told is not None:
            self.told(row, min(self.spent, 1.0))

    def go_back(self) -> None:
        """Return to the best model so far."""
        self.model.load_state_dict(self._kept)


def fit(model: LocalModel, tally: Tally, *, widths: Widths) -> None:
    """Move a model to the one answer that trips and ridge agree on, by L-BFGS.

    Nocedal (1980), "Updating quasi-Newton matrices with limited storage".
    """
    optimiser = torch.optim.LBFGS(
        model.free(widths),
        max_iter=_STEPS,
        history_size=10,
        tolerance_grad=_TOLERANCE,
        tolerance_change=_TOLERANCE / 10,
        line_search_fn="strong_wolfe",
    )

    def objective() -> torch.Tensor:
        optimiser.zero_grad()
        total = model.loss(tally) + model.ridge(widths) / tally.trips
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimiser.step(objective)  # type: ignore[no-untyped-call]
