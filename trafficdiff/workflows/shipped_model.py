"""Say what the shipped demand model is, without loading it: torch stays out of it.

::

    data/demand_model.safetensors       its header holds the card: sizes, training, sources
    docs/model-card.md, data-card.md    the same in words; they travel in the wheel
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from trafficdiff.errors import InputError
from trafficdiff.resources import bundled

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ShippedModel", "Source", "card_text", "shipped_model"]

_CHECKPOINT: Final = "data/demand_model.safetensors"
_CARDS: Final = {"model": "docs/model-card.md", "data": "docs/data-card.md"}


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
