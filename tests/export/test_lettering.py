"""A text is drawn with fonts that have its letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from trafficdiff.export import lettering
from trafficdiff.export.lettering import lettering_for

if TYPE_CHECKING:
    from collections.abc import Iterator

USUAL = ("DejaVu Sans",)


@pytest.fixture
def other_fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Put fonts beside the usual one: their letters by path."""
    fonts: dict[str, str] = {}
    usual = lettering._usual_path()
    real = lettering._characters
    monkeypatch.setattr(lettering, "_other_fonts", lambda: [(False, f"Font {name}", name) for name in fonts])
    monkeypatch.setattr(lettering, "_characters", lambda path: real(path) if path == usual else frozenset(fonts[path]))
    return fonts


@pytest.mark.parametrize("text", ["", "Mäkelänkatu", "Αθήνα", "Москва", "a\nb"])
def test_the_usual_font_is_enough_for_most(text: str) -> None:
    assert lettering_for(text) == lettering.Lettering(text, USUAL)


def test_further_fonts_are_taken_only_for_what_is_missing(other_fonts: dict[str, str]) -> None:
    other_fonts |= {"none": "xyz", "han": "東京", "kana": "のピ"}
    assert lettering_for("東京の Tokyo") == lettering.Lettering("東京の Tokyo", (*USUAL, "Font han", "Font kana"))
    assert lettering_for("東京") == lettering.Lettering("東京", (*USUAL, "Font han"))


def test_a_letter_that_no_font_has_becomes_a_box(other_fonts: dict[str, str]) -> None:
    other_fonts |= {"han": "東"}
    assert lettering_for("東京 x") == lettering.Lettering("東□ x", (*USUAL, "Font han"))


def test_the_font_of_last_resort_is_never_taken() -> None:
    assert not any("Last Resort" in family for _, family, _ in lettering._other_fonts())
