"""Say what is wrong with plain data that a file held: every fault once, under the line that it stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trafficdiff.datatypes.locating import Located, locate
from trafficdiff.datatypes.wording import in_words
from trafficdiff.errors import Faults, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pydantic import ValidationError

__all__ = ["Place", "faults_in", "raise_with_lines"]

Place = list[int | str]
"""Keys that lead to a value in plain data."""


def faults_in(
    error: ValidationError,
    content: object,
    *,
    whole: str,
    advice: Callable[[Place], Mapping[str, str]],
    moved: Callable[[Place], Place] = lambda place: place,
) -> list[tuple[Place, str]]:
    """Return every fault that validation found, as its place and in words.

    Parameters
    ----------
    error
        What the validator said.
    content
        What was validated.
    whole
        What the content is called where all of it is at fault.
    advice
        What to add at a place, by kind of fault.
    moved
        Where a place of the content is in the file.
    """
    found = error.errors(include_url=False)
    told = []
    for fault in found:
        if fault["type"] == "too_short" and any(_is_inside(other["loc"], fault["loc"]) for other in found):
            continue  # pydantic counts only the entries that are well formed
        place = moved(locate(fault["loc"], content, is_missing=fault["type"] == "missing"))
        told.append((place, in_words(fault, place=place or [whole], advice=advice(place))))
    return told


def _is_inside(place: Sequence[int | str], whole: Sequence[int | str]) -> bool:
    return len(place) > len(whole) and tuple(place[: len(whole)]) == tuple(whole)


def raise_with_lines(told: Iterable[tuple[Place, str]], *, heading: str, text: str) -> None:
    """Raise all faults at once, in the order of their lines in the text that the data were read from.

    Raises
    ------
    ScenarioError
        If there is any fault.
    """
    faults, lines = Faults(heading), Located(text)
    numbered = [(lines.line(place) or 0, sentence) for place, sentence in told]
    for line, sentence in sorted(numbered, key=lambda one: one[0]):
        faults.add(f"line {line}: {sentence}" if line else sentence)
    faults.raise_if_any(ScenarioError)
