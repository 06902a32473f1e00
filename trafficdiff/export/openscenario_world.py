"""Describe what surrounds the road users for OpenSCENARIO: who made the file, light and weather, signals."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.scene_environment import CLEAR_VISUAL_RANGE_M
from trafficdiff.export.xml_tree import element

if TYPE_CHECKING:
    from trafficdiff.export.scene_view import SceneView

__all__ = ["LAMPS", "add_environment", "add_file_header", "add_signals"]

LAMPS: Final = {
    "r": "on;off;off", "R": "on;off;off", "u": "on;on;off", "y": "off;on;off", "Y": "off;on;off",
    "g": "off;off;on", "G": "off;off;on", "s": "on;off;off", "o": "off;flashing;off", "O": "off;off;off",
}  # fmt: skip
"""SUMO's letters as red, yellow and green lamp (ASAM OpenSCENARIO 1.3, TrafficSignalState: one word a lamp)."""
_SOAKED_MM_H: Final = 8.0


def add_file_header(root: Any, view: SceneView) -> None:
    """Add who made the file, that it is synthetic, from which model, data and seed, and what kind of scene it is."""
    scene = view.scene
    header = element(root, "FileHeader", revMajor="1", revMinor="3", date=view.moment.replace(tzinfo=None).isoformat(),
                     description=f"{scene.name}: synthetic scene, ego {scene.ego}", author="trafficdiff")  # fmt: skip
    properties = element(header, "Properties")
    facts = {"synthetic": "true", "ego": scene.ego, "begin_s": f"{scene.begin_s:.3f}", **scene.provenance}
    for name, value in facts.items():
        element(properties, "Property", name=f"trafficdiff.{name}", value=str(value))
    for place, tag in enumerate(scene.tags):
        element(properties, "Property", name=f"openlabel.tag.{place}", value=tag)


def add_environment(actions: Any, view: SceneView) -> None:
    """Add time of day, sun, fog, precipitation and grip as the first action of all."""
    environment = view.scene.environment
    action = element(element(actions, "GlobalAction"), "EnvironmentAction")
    described = element(action, "Environment", name="environment")
    element(described, "TimeOfDay", animation="true", dateTime=view.moment.isoformat(timespec="seconds"))
    cloudy = environment.precipitation != "dry"
    weather = element(described, "Weather", fractionalCloudCover="eightOktas" if cloudy else "zeroOktas")
    element(weather, "Sun", azimuth=f"{view.sun.azimuth_rad:.5f}", elevation=f"{view.sun.elevation_rad:.5f}",
            illuminance=f"{view.sun.illuminance_lx:.1f}")  # fmt: skip
    element(weather, "Fog", visualRange=f"{environment.fog_visual_range_m or CLEAR_VISUAL_RANGE_M:g}")
    element(weather, "Precipitation", precipitationType=environment.precipitation,
            precipitationIntensity=f"{environment.precipitation_mm_h:g}")  # fmt: skip
    element(described, "RoadCondition", frictionScaleFactor=f"{environment.friction:g}",
            wetness=_wetness(environment.precipitation, environment.precipitation_mm_h))  # fmt: skip


def _wetness(kind: str, rate_mm_h: float) -> str:
    if kind != "rain":
        return "dry"
    return "wetWithPuddles" if rate_mm_h >= _SOAKED_MM_H else "moist"


def add_signals(network: Any, view: SceneView, signals: dict[tuple[str, int], str]) -> None:
    """Add a controller a signal whose phases are what it showed; links that the map has no lamps for are left out."""
    parent = element(network, "TrafficSignals")
    states = view.scene.signals
    for name in states.signals:
        links = sorted((link, number) for (signal, link), number in signals.items() if signal == name)
        if not links:
            continue
        controller = element(parent, "TrafficSignalController", name=name)
        for place, (begin_s, end_s, state) in enumerate(_phases(view, name)):
            phase = element(controller, "Phase", name=f"phase {place}", duration=f"{end_s - begin_s:.3f}")
            for link, number in links:
                element(phase, "TrafficSignalState", trafficSignalId=number, state=LAMPS[state[link]])


def _phases(view: SceneView, signal: str) -> list[tuple[float, float, str]]:
    """Return beginning, end [s of the scene] and state of each phase; the last one goes on past the scene's end."""
    scene = view.scene
    rows = np.flatnonzero(scene.signals.signal_id == signal)
    changes = scene.signals.time_s[rows] - scene.begin_s
    inside = changes[(changes > 0) & (changes < view.duration_s)]
    edges = np.round(np.concatenate([[0.0], inside, [view.duration_s + 1.0]]), 3)
    return [
        (float(begin), float(end), scene.signals.state_at(signal, float(begin) + scene.begin_s + 1e-6))
        for begin, end in pairwise(edges)
        if end > begin
    ]
