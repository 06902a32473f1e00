"""Count what was left out or corrected in outside data, by name, so that nothing happens in silence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["MEANINGS", "Findings"]

MEANINGS: Final[dict[str, str]] = {
    "coordinate_outside_globe": "nodes without a coordinate on the globe were left out",
    "segment_too_long": "ways were cut where two neighbouring nodes are over 25 km apart",
    "way_cut": "ways were cut where nodes are missing or lie outside the area",
    "way_outside": "ways have fewer than two nodes in the area and were left out",
    "restriction_incomplete": "turn restrictions with members that are not there were left out",
    "road_as_area": "roads drawn as areas (area=yes) were left out",
    "lanes_refused": "lane counts that are no number from 1 to 16 were ignored; the class's default is used",
    "maxspeed_refused": "speed limits that are not from 3 to 200 km/h were ignored; the class's default is used",
    "width_refused": "widths that are not from 0.5 to 100 m were ignored",
    "layer_refused": "layers that are no whole number from -20 to 20 were ignored",
    "text_shortened": "tags of over 255 characters, or with control characters, were shortened",
}
"""What each name means, for people."""

_SHOWN: Final = 5


@dataclass
class Findings:
    """Collect findings; `as_dict` is what provenance keeps, `sentences` what people read."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, example: str, *, count: int = 1) -> None:
        """Note a finding; `name` is one of `MEANINGS`, `example` says where."""
        if name not in MEANINGS:
            raise KeyError(name)
        self.counts[name] = self.counts.get(name, 0) + count
        shown = self.examples.setdefault(name, [])
        if len(shown) < _SHOWN:
            shown.append(example)

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """Return name, count, meaning and the first examples."""
        return {
            name: {"count": count, "meaning": MEANINGS[name], "examples": self.examples[name]}
            for name, count in sorted(self.counts.items())
        }

    def sentences(self) -> list[str]:
        """Return one line a finding."""
        return [
            f"{name}: {count} {MEANINGS[name]} (for example {', '.join(self.examples[name])})"
            for name, count in sorted(self.counts.items())
        ]
