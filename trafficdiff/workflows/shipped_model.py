"""Say what the shipped demand model is and how well it does, without loading it: torch stays out of it.

::

    data/demand_model.safetensors       its header holds the card: sizes, training, sources
    data/demand_model.scorecard.json    measured figures beside the best baseline; which checkpoint they belong to
    docs/model-card.md, data-card.md    the same in words; they travel in the wheel
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trafficdiff.errors import InputError
from trafficdiff.resources import bundled

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Row", "Scorecard", "ShippedModel", "Source", "card_text", "read_scorecard", "shipped_model"]

_CHECKPOINT: Final = "data/demand_model.safetensors"
_SCORECARD: Final = "data/demand_model.scorecard.json"
_CARDS: Final = {"model": "docs/model-card.md", "data": "docs/data-card.md"}

Verdict = Literal["ahead", "level", "behind", "none"]


@dataclass(frozen=True)
class Source:
    """Say what one kind of training data is.

    Parameters
    ----------
    name
        ``calibrated``, ``randomised``, ``commuting``, ...
    scenes, places
        How many.
    licences
        As the sources state them.
    """

    name: str
    scenes: int
    places: int
    licences: tuple[str, ...]


@dataclass(frozen=True)
class ShippedModel:
    """Hold the facts of a checkpoint's header.

    Parameters
    ----------
    sha256
        Of its content, hexadecimal, as the header says.
    size_bytes
        Of the file.
    date
        When it was trained.
    parameters, steps, cpu_minutes
        Its size, and what training took; None where the header does not say.
    sources
        What it learned from.
    """

    sha256: str
    size_bytes: int
    date: str
    parameters: int | None
    steps: int | None
    cpu_minutes: float | None
    sources: tuple[Source, ...]


class Row(BaseModel):
    """Compare one measured figure of the model with the best baseline and with its aim.

    Parameters
    ----------
    key
        Its name in the dashboard's words (``model.row_<key>``).
    name
        The same in English, for everywhere else.
    model, baseline
        The figures; no baseline where none can do it.
    baseline_name
        Which baseline is the best.
    aim
        What was aimed at, in the same unit; None for "ahead of the baseline".
    better
        Which direction is better.
    noise
        Differences to the baseline up to this one are noise until shown otherwise.
    unit
        ``"share"`` is shown in percent.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    key: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    name: str
    model: float
    baseline: float | None = None
    baseline_name: str = ""
    aim: float | None = None
    better: Literal["high", "low"]
    noise: Annotated[float, Field(ge=0)] = 0.0
    unit: Literal["", "share"] = ""

    @property
    def verdict(self) -> Verdict:
        """How the model stands against the best baseline."""
        if self.baseline is None:
            return "none"
        gain = (self.model - self.baseline) * (1 if self.better == "high" else -1)
        return "level" if abs(gain) <= self.noise else "ahead" if gain > 0 else "behind"

    @property
    def meets_aim(self) -> bool | None:
        """Whether the aim is met; None where there is none but being ahead."""
        if self.aim is None:
            return None
        return self.model >= self.aim if self.better == "high" else self.model <= self.aim


class Scorecard(BaseModel):
    """Hold every measured figure of one checkpoint.

    Parameters
    ----------
    checkpoint_sha256
        Which checkpoint was measured, as `ShippedModel.sha256`.
    date
        When.
    rows
        In the order in which they are shown.
    notes
        What a reader must know, a sentence each, by language.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1]
    checkpoint_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    date: str
    rows: Annotated[tuple[Row, ...], Field(min_length=1)]
    notes: dict[str, tuple[str, ...]] = {}


def shipped_model(path: Path | None = None) -> ShippedModel:
    """Return the facts of a checkpoint; that its weights are whole is checked where they are used.

    Raises
    ------
    InputError
        If there is no checkpoint, or its header cannot be read.
    """
    from safetensors import SafetensorError, safe_open

    path = bundled(_CHECKPOINT) if path is None else path
    try:
        with safe_open(path, "numpy") as file:
            header: dict[str, str] = file.metadata() or {}
        card: dict[str, Any] = json.loads(header.get("card", "{}"))
        sources = card.get("corpus", {}).get("sources", {})
        return ShippedModel(
            header.get("sha256", ""), path.stat().st_size, str(card.get("date", "")), card.get("parameters"),
            card.get("steps"), card.get("cpu_minutes"), tuple(_source(name, of) for name, of in sources.items()),
        )  # fmt: skip
    except (SafetensorError, OSError, ValueError, AttributeError, KeyError) as error:
        raise InputError(
            f"{path}: expected a checkpoint with a card, got: {error}; install trafficdiff again"
        ) from error


def read_scorecard(path: Path | None = None) -> Scorecard:
    """Return the measured figures of the shipped model.

    Raises
    ------
    InputError
        If there are none, or they are no scorecard.
    """
    path = bundled(_SCORECARD) if path is None else path
    try:
        return Scorecard.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise InputError(f"{path}: expected a scorecard, got: {error}; install trafficdiff again") from error


def card_text(which: Literal["model", "data"]) -> str:
    """Return a card as Markdown.

    Raises
    ------
    InputError
        If it is not there.
    """
    return bundled(_CARDS[which]).read_text(encoding="utf-8")


def _source(name: str, of: dict[str, Any]) -> Source:
    return Source(name, int(of["scenes"]), int(of["places"]), tuple(str(one) for one in of.get("licences", ())))
