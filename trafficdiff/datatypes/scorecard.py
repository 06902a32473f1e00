"""Hold measured figures as a planner reads them: what, our figure, the goal, the best other method, met or missed.

One form for every scorecard that travels beside a model: how real its demand is, how well it meets counts, what it
keeps private, how it charges.

::

    {"format": "trafficdiff scorecard 1", "subject": "calibration", "date": "2026-11-23", "made_with": "python ...",
     "rows": [{"key": "flow_pearson", "name": "Flow by street, correlation", "model": 0.93, "low": 0.91, "high": 0.95,
               "baseline": 0.71, "baseline_name": "routeSampler", "aim": 0.9, "better": "high", "noise": 0.03}]}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from trafficdiff.datatypes.json_files import read_json
from trafficdiff.errors import Faults
from trafficdiff.publish import publishing_file

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FORMAT", "SUBJECTS", "Scorecard", "ScorecardRow", "Subject", "Verdict", "read_scorecard", "write_scorecard"]

FORMAT: Final = "trafficdiff scorecard 1"
"""What a file says that it is."""

Subject = Literal["realism", "calibration", "privacy", "charging", "scenes"]
SUBJECTS: Final[tuple[Subject, ...]] = get_args(Subject)
"""What scorecards are about, in the order in which they are shown."""

Verdict = Literal["ahead", "level", "behind", "none"]

_MOST_BYTES: Final = 5_000_000


class ScorecardRow(BaseModel):
    """Compare one measured figure with the best other method and with its goal.

    Parameters
    ----------
    key
        Its name in catalogues of words.
    name, of
        The same in English, for everywhere else; of which city or case, empty for all together.
    model, low, high
        Our figure, and its bounds where there are some.
    spread
        What the bounds are: an interval of 95 %, or the lowest and the highest of the cities.
    before
        The same figure before (uncalibrated, say).
    floor
        What one half of reality says of the other: nobody can be better.
    baseline, baseline_name
        The best other method; none where nothing else can do it.
    control, control_name
        What must miss the goal, so that the goal is known to tell good from bad.
    aim, judged
        What was aimed at, in the same unit, and which number has to meet it; None for no such goal.
    to_be_ahead
        Whether the goal is to be ahead of the best other method by more than noise.
    decides
        False for a goal that is shown and judged, and does not count: where reality itself misses it, say.
    count
        Of how many (trips, records, streets), where that says how sure the figure is.
    better
        Which direction is better.
    noise
        Differences to the baseline up to this one are noise until shown otherwise.
    unit
        ``"share"`` is shown in percent; others stand behind the number.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    key: Annotated[str, Field(pattern=r"^[a-z0-9_]+$", max_length=80)]
    name: Annotated[str, Field(min_length=1, max_length=300)]
    of: Annotated[str, Field(max_length=200)] = ""
    model: float
    low: float | None = None
    high: float | None = None
    spread: Literal["95 %", "cities"] = "95 %"
    before: float | None = None
    floor: float | None = None
    baseline: float | None = None
    baseline_name: Annotated[str, Field(max_length=100)] = ""
    control: float | None = None
    control_name: Annotated[str, Field(max_length=100)] = ""
    aim: float | None = None
    judged: Literal["model", "low", "high"] = "model"
    to_be_ahead: bool = False
    decides: bool = True
    count: Annotated[int, Field(ge=0)] | None = None
    better: Literal["high", "low"]
    noise: Annotated[float, Field(ge=0)] = 0.0
    unit: Annotated[str, Field(max_length=20)] = ""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        faults = Faults(self.key)
        if (self.low is None) != (self.high is None):
            faults.add("expected both ends of an interval or none, got one; give low and high")
        elif self.low is not None and self.high is not None and not self.low <= self.model <= self.high:
            faults.add(f"expected the figure inside its interval, got {self.model:g} in {self.low:g} to {self.high:g}")
        if self.judged != "model" and self.low is None:
            faults.add(f"expected an interval whose {self.judged} end has to meet the goal, got none")
        for what in ("baseline", "control"):
            if (getattr(self, what) is None) != (not getattr(self, f"{what}_name")):
                faults.add(f"expected a {what} and its name or neither, got one of them")
        if self.to_be_ahead and (self.baseline is None or self.aim is not None):
            faults.add("expected another method and no aim where the goal is to be ahead of it")
        if self.judged != "model" and self.aim is None:
            faults.add("expected a goal that an end of the interval has to meet, got none; give aim")
        if faults:
            raise ValueError("; ".join(faults.messages))
        return self

    @property
    def verdict(self) -> Verdict:
        """How the figure stands against the best other method."""
        if self.baseline is None:
            return "none"
        gain = (self.model - self.baseline) * (1 if self.better == "high" else -1)
        return "level" if abs(gain) <= self.noise else "ahead" if gain > 0 else "behind"

    @property
    def meets_aim(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        if self.to_be_ahead:
            return self.verdict == "ahead"
        judged = {"model": self.model, "low": self.low, "high": self.high}[self.judged]
        return None if self.aim is None or judged is None else self._meets(judged, self.aim)

    @property
    def control_fails(self) -> bool | None:
        """Whether what must miss the goal misses it; None where there is no such control."""
        return None if self.aim is None or self.control is None else not self._meets(self.control, self.aim)

    def _meets(self, value: float, aim: float) -> bool:
        return value >= aim if self.better == "high" else value <= aim


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class Scorecard(BaseModel):
    """Hold measured figures of one subject.

    Parameters
    ----------
    subject
        What they are about.
    date
        When they were measured.
    made_with
        The commands that measure them again.
    checkpoint_sha256
        Which checkpoint was measured; None where others were (of cities left out), or none.
    rows
        In the order in which they are shown.
    notes
        What a reader must know, a sentence each, by language.
    details
        Whatever else was measured; not shown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["trafficdiff scorecard 1"] = FORMAT
    subject: Subject
    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    made_with: Annotated[tuple[str, ...], BeforeValidator(_as_tuple), Field(min_length=1)]
    checkpoint_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    rows: Annotated[tuple[ScorecardRow, ...], Field(min_length=1, max_length=200)]
    notes: dict[str, tuple[str, ...]] = {}
    details: dict[str, Any] = {}

    @property
    def goals(self) -> tuple[int, int]:
        """How many goals are met, and how many there are."""
        judged = [met for row in self.rows if row.decides and (met := row.meets_aim) is not None]
        return sum(judged), len(judged)

    def notes_in(self, language: str) -> tuple[str, ...]:
        """Return the notes in a language, in English where it has none."""
        return self.notes.get(language) or self.notes.get("en", ())


def read_scorecard(path: Path) -> Scorecard:
    """Read a scorecard.

    Raises
    ------
    InputError
        If there is none, or it is something else; every fault is listed.
    """
    return read_json(path, Scorecard, what="scorecard", most_bytes=_MOST_BYTES, hint="measure it first")


def write_scorecard(card: Scorecard, path: Path) -> None:
    """Write a scorecard, whole or not at all; rows and notes stand on lines of their own.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    text = card.model_dump_json(indent=1, exclude_none=True)
    with publishing_file(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
