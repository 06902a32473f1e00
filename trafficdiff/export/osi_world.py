"""Describe light, weather and signals for OSI.

The bounds of fog are OSI's own (osi_environment.proto, ``Fog``), those of precipitation too (``Precipitation``), and so
are those of the ambient light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.export.lane_borders import lanes_around
from trafficdiff.export.osi_messages import osi

if TYPE_CHECKING:
    from trafficdiff.export.scene_view import SceneView

__all__ = ["Lamps", "conditions"]

_FOG_M: Final = (
    (50.0, "FOG_DENSE"), (200.0, "FOG_THICK"), (1_000.0, "FOG_LIGHT"), (2_000.0, "FOG_MIST"),
    (4_000.0, "FOG_POOR_VISIBILITY"), (10_000.0, "FOG_MODERATE_VISIBILITY"), (40_000.0, "FOG_GOOD_VISIBILITY"),
)  # fmt: skip
_PRECIPITATION_MM_H: Final = (
    (0.1, "NONE"), (0.5, "VERY_LIGHT"), (1.9, "LIGHT"), (8.1, "MODERATE"), (34.0, "HEAVY"), (149.0, "VERY_HEAVY"),
)  # fmt: skip
_LIGHT_LX: Final = (0.01, 1.0, 3.0, 10.0, 20.0, 400.0, 1_000.0, 10_000.0)
_COLOURS: Final = ("COLOR_RED", "COLOR_YELLOW", "COLOR_GREEN")
_LIT: Final = {
    "r": "+..", "R": "+..", "u": "++.", "y": ".+.", "Y": ".+.", "g": "..+", "G": "..+", "s": "+..", "o": ".*.",
    "O": "...",
}  # fmt: skip
"""SUMO's letters as red, yellow and green lamp: on, off, or flashing."""
_MODES: Final = {"+": "MODE_CONSTANT", ".": "MODE_OFF", "*": "MODE_FLASHING"}
_ICONS: Final = {
    "l": "ICON_ARROW_LEFT", "L": "ICON_ARROW_LEFT", "t": "ICON_ARROW_LEFT", "r": "ICON_ARROW_RIGHT",
    "R": "ICON_ARROW_RIGHT", "s": "ICON_ARROW_STRAIGHT_AHEAD",
}  # fmt: skip
_FIRST_LAMP: Final = 1_000_000
_LAMP_M: Final = 0.3


def _step(value: float, bounds: tuple[tuple[float, str], ...], beyond: str) -> str:
    return next((name for bound, name in bounds if value < bound), beyond)


def conditions(view: SceneView) -> Any:
    """Return light and weather of a scene."""
    EnvironmentalConditions = osi().EnvironmentalConditions
    environment, moment = view.scene.environment, view.moment
    made = EnvironmentalConditions()
    fog = _step(environment.fog_visual_range_m or np.inf, _FOG_M, "FOG_EXCELLENT_VISIBILITY")
    wet = _step(environment.precipitation_mm_h, _PRECIPITATION_MM_H, "EXTREME")
    level = 1 + sum(view.sun.illuminance_lx >= bound for bound in _LIGHT_LX)
    made.fog = EnvironmentalConditions.Fog.Value(fog)
    made.precipitation = EnvironmentalConditions.Precipitation.Value(f"PRECIPITATION_{wet}")
    made.ambient_illumination = EnvironmentalConditions.AmbientIllumination.Value(f"AMBIENT_ILLUMINATION_LEVEL{level}")
    made.time_of_day.seconds_since_midnight = moment.hour * 3600 + moment.minute * 60 + moment.second
    made.unix_timestamp = int(moment.timestamp())
    made.temperature = 274.15 if environment.precipitation == "snow" else 288.15
    made.sun.azimuth, made.sun.elevation = view.sun.azimuth_rad, view.sun.elevation_rad
    return made


class Lamps:
    """Hold the lamps of a scene's signals; what they show is put together once a change and not once a moment."""

    def __init__(self, view: SceneView) -> None:
        self._signals, self._begin_s = view.scene.signals, view.scene.begin_s
        shown, lanes = set(self._signals.signals), lanes_around(view)
        found = {
            (turn.signal, turn.link): (turn.direction, lanes[turn.source].shape[-1])
            for turn in view.shapes.turns
            if turn.signal in shown and turn.source in lanes
        }
        self._links = sorted(found.items())
        self._changes = np.unique(np.round(self._signals.time_s - self._begin_s, 3))
        self._known: dict[int, Any] = {}

    def at(self, clock_s: float) -> Any:
        """Return a ground truth that holds only the lamps as they are at a time of the scene [s]."""
        span = int(np.searchsorted(self._changes, clock_s + 1e-6, side="right"))
        if span not in self._known:
            self._known = {span: self._lit(clock_s)}
        return self._known[span]

    def _lit(self, clock_s: float) -> Any:
        kinds, truth = osi().TrafficLight.Classification, osi().GroundTruth()
        states = {name: self._signals.state_at(name, self._begin_s + clock_s + 1e-6) for name in self._signals.signals}
        for place, ((signal, link), (direction, (x, y, z))) in enumerate(self._links):
            for lamp, mode in enumerate(_LIT[states[signal][link]]):
                light = truth.traffic_light.add()
                light.id.value = _FIRST_LAMP + 3 * place + lamp
                light.source_reference.add(reference="trafficdiff", type="signal", identifier=[signal, str(link)])
                base = light.base
                base.position.x, base.position.y, base.position.z = x, y, z + 5.0 - lamp * _LAMP_M
                base.dimension.length, base.dimension.width, base.dimension.height = 0.1, _LAMP_M, _LAMP_M
                light.classification.color = kinds.Color.Value(_COLOURS[lamp])
                light.classification.mode = kinds.Mode.Value(_MODES[mode])
                light.classification.icon = kinds.Icon.Value(_ICONS.get(direction, "ICON_NONE"))
        return truth
