"""Describe edge cases: which parameters a type has, what was asked of a case, and what was achieved."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from trafficdiff.datatypes.part import Part

__all__ = ["TOLERANCE", "EdgeCase", "EdgeCaseType", "ParameterRange", "Question"]

Question = Literal["ttc_s", "impact", "overlap"]
"""What a case is asked for.

``ttc_s``: time to collision at the trigger: gap along the ego's way over the speed at which it closes [s].
``impact``: how far the opponent has come across the ego's width at first contact, 0 where it comes from [1].
``overlap``: share of the ego's width that meets the opponent [1].
"""

TOLERANCE: Final = 0.1
"""Largest deviation of what was achieved from what was asked, relative to what was asked."""


class ParameterRange(Part):
    """Say between which values a parameter is drawn, evenly."""

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
    low: float
    high: float
    unit: str
    meaning: str
    source: str

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.high < self.low:
            raise ValueError(f"{self.name}: expected low:high with low at most high, got {self.low:g}:{self.high:g}")
        return self

    def at(self, share: float) -> float:
        """Return the value at a share of the way from low to high."""
        return self.low + share * (self.high - self.low)


class EdgeCaseType(Part):
    """Describe one type of edge case."""

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9-]*$")]
    title: str
    question: Question
    place: Literal["stretch", "neighbour", "oncoming", "bend", "crossing", "from-right", "left-turn"]
    parameters: tuple[ParameterRange, ...]
    trigger: str = Field(description="When the case begins for the ego.")
    tags: tuple[str, ...] = Field(description="Terms of ASAM OpenLABEL 1.0.0.")
    night: bool = Field(default=False, description="Whether it belongs to the dark.")

    @model_validator(mode="after")
    def _asks_for_a_parameter(self) -> Self:
        if self.question not in {one.name for one in self.parameters}:
            raise ValueError(f"{self.name}: expected a parameter {self.question}")
        return self


class EdgeCase(Part):
    """Hold one case: what was drawn, asked and achieved, and whether it is kept."""

    name: str
    type: str
    valid: bool = False
    reason: str = Field(default="", max_length=500, description="Why it is not kept.")
    question: Question
    asked: float
    achieved: float | None = None
    parameters: dict[str, float] = Field(default_factory=dict)
    place: str = ""
    radius_m: float | None = Field(default=None, description="Of the bend at the conflict; null where straight.")
    angle_deg: float | None = Field(default=None, description="Between the ways of ego and opponent.")
    moment_s: float | None = Field(default=None, description="Time of the traffic at which it begins.")
    trigger_s: float | None = Field(default=None, description="When the case begins for the ego [s of the scene].")
    contact_s: float | None = Field(default=None, description="When an ego that does nothing hits [s of the scene].")
    duration_s: float | None = None
    users: int = 0
    cleared: int = Field(default=0, description="Vehicles of the traffic that were taken off the stage.")
    attempts: int = 0
    refused: tuple[str, ...] = Field(default=(), description="Why earlier attempts at other places were given up.")
    scene: str = Field(default="", description="The scene's directory.")

    @property
    def error(self) -> float:
        """Deviation of what was achieved, relative to what was asked; infinite where nothing was."""
        return float("inf") if self.achieved is None else abs(self.achieved - self.asked) / abs(self.asked)
