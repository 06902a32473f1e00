"""The catalogue of edge cases: thirteen types, their parameters with ranges and sources, their tags.

Ranges follow the open scenario files of UN Regulation 157 (ALKS) and of Euro NCAP's tests of collision avoidance;
what they leave open is declared here and says so. Tags are terms of the ontology of ASAM OpenLABEL 1.0.0.
"""

from __future__ import annotations

from typing import Final

from trafficdiff.datatypes.edge_case import EdgeCaseType, ParameterRange

__all__ = ["CATALOGUE", "EVERYTHING"]

EVERYTHING: Final = "all"
"""The word for all types."""

_ALKS: Final = "UN R157 ALKS, open scenario files"
_NCAP_VRU: Final = "Euro NCAP AEB VRU test protocol"
_NCAP_CAR: Final = "Euro NCAP AEB C2C test protocol"
_OURS: Final = "declared here"


def _range(  # noqa: PLR0917 - a table of parameters
    name: str, low: float, high: float, unit: str, meaning: str, source: str
) -> ParameterRange:
    return ParameterRange(name=name, low=low, high=high, unit=unit, meaning=meaning, source=source)


def _ego(low: float, high: float, source: str) -> ParameterRange:
    return _range("ego_kmh", low, high, "km/h", "speed of the ego", source)


def _ttc(low: float, high: float) -> ParameterRange:
    return _range("ttc_s", low, high, "s", "time to collision at the trigger", _OURS)


def _impact(low: float, high: float, source: str) -> ParameterRange:
    return _range("impact", low, high, "1", "way across the ego's width at first contact", source)


def _side() -> ParameterRange:
    return _range("side", 0, 1, "1", "below 0.5 from the right, else from the left, where the place has both", _OURS)


def _angle() -> ParameterRange:
    return _range("angle_deg", 60, 120, "degree", "direction of walking against the ego's way", _OURS)


def _place_angle(low: float, high: float) -> ParameterRange:
    return _range("angle_deg", low, high, "degree", "angle between the ways; the net's nearest is taken", _OURS)


_CAR: Final = ("VehicleCar", "MotionDrive")
_WALKER: Final = ("HumanPedestrian", "MotionWalk")
_STEPS_OUT: Final = "the walker steps off"

_TYPES: Final = (
    EdgeCaseType(
        name="cut-in", title="Cut-in from a neighbour lane by a slower car", question="ttc_s", place="neighbour",
        trigger="the other car begins to overlap the ego's width",
        parameters=(
            _ego(20, 60, _ALKS),
            _range("relative_kmh", -50, -10, "km/h", "speed of the other less the ego's", _ALKS),
            _range("lateral_ms", 0.5, 3, "m/s", "largest speed across", _ALKS),
            _ttc(1, 4),
            _side(),
        ),
        tags=(*_CAR, "MotionCutIn"),
    ),
    EdgeCaseType(
        name="cut-out", title="Car ahead leaves the lane before a stationary one", question="ttc_s", place="neighbour",
        trigger="the car ahead no longer overlaps the ego's width",
        parameters=(
            _ego(15, 60, f"{_ALKS} (5 to 60 km/h)"),
            _range("headway_s", 0.5, 1.5, "s", "time gap to the car ahead", _OURS),
            _range("lateral_ms", 1, 3, "m/s", "largest speed across", _ALKS),
            _ttc(2, 5),
            _side(),
        ),
        tags=(*_CAR, "MotionCutOut", "MotionStop"),
    ),
    EdgeCaseType(
        name="lead-brake", title="Car ahead brakes hard", question="ttc_s", place="stretch",
        trigger="one second after it begins to brake",
        parameters=(
            _ego(20, 60, _ALKS),
            _range("braking_ms2", 4, 8, "m/s2", "deceleration on a dry road", f"{_ALKS}: 6 m/s2"),
            _range("offset_m", -1.75, 1.75, "m", "the car's offset from the ego's way", _ALKS),
            _ttc(1, 4),
        ),
        tags=(*_CAR, "MotionDecelerate"),
    ),
    EdgeCaseType(
        name="obstacle", title="Stationary car that covers part of the ego's way", question="overlap", place="bend",
        trigger="four seconds before it is reached",
        parameters=(
            _ego(10, 60, _ALKS),
            _range("overlap", 0.25, 1, "1", "share of the ego's width that it covers", _OURS),
            _range("bend", 0, 1, "1", "below 1/3 straight, to 2/3 radius 1000 m, above 250 m", _ALKS),
            _side(),
        ),
        tags=(*_CAR, "MotionStop"),
    ),
    EdgeCaseType(
        name="pedestrian-far-side", title="CPFA: adult runs from the far side", question="impact", place="stretch",
        trigger=_STEPS_OUT,
        parameters=(
            _ego(10, 60, _NCAP_VRU),
            _range("walker_kmh", 7, 9, "km/h", "speed of the walker", f"{_NCAP_VRU}: 8 km/h"),
            _impact(0.1, 0.9, f"{_NCAP_VRU}: 10, 25, 50, 75, 90 %"),
            _angle(),
        ),
        tags=("HumanPedestrian", "MotionRun", "MotionCross"),
    ),
    EdgeCaseType(
        name="child-hidden", title="CPNCO: child steps out from behind parked cars", question="impact",
        place="stretch", trigger=_STEPS_OUT,
        parameters=(
            _ego(10, 60, _NCAP_VRU),
            _range("walker_kmh", 4, 6, "km/h", "speed of the child", f"{_NCAP_VRU}: 5 km/h"),
            _impact(0.25, 0.75, f"{_NCAP_VRU}: 50 %"),
            _range("parked_gap_m", 0.5, 1.5, "m", "from the ego's side to the parked cars", _OURS),
            _angle(),
        ),
        tags=(*_WALKER, "MotionCross", "VehicleCar"),
    ),
    EdgeCaseType(
        name="pedestrian-night", title="CPNA: adult from the near side at night", question="impact", place="stretch",
        trigger=_STEPS_OUT, night=True,
        parameters=(
            _ego(10, 60, _NCAP_VRU),
            _range("walker_kmh", 4, 6, "km/h", "speed of the walker", f"{_NCAP_VRU}: 5 km/h"),
            _impact(0.25, 0.75, f"{_NCAP_VRU}: 25 and 75 %"),
            _angle(),
        ),
        tags=(*_WALKER, "MotionCross"),
    ),
    EdgeCaseType(
        name="pedestrian-along", title="CPLA: adult walks along the road at night", question="impact",
        place="stretch", trigger="four seconds before the walker is reached", night=True,
        parameters=(
            _ego(20, 60, _NCAP_VRU),
            _range("walker_kmh", 4, 6, "km/h", "speed of the walker", f"{_NCAP_VRU}: 5 km/h"),
            _impact(0.25, 0.5, f"{_NCAP_VRU}: 25 and 50 %"),
            _range("towards", 0, 1, "1", "below 0.5 the ego's direction, else towards it", _OURS),
        ),
        tags=_WALKER,
    ),
    EdgeCaseType(
        name="cyclist-crossing", title="CBNA, CBNAO: cyclist crosses, in the open or from behind a car",
        question="impact", place="from-right", trigger="two seconds before the ways meet",
        parameters=(
            _ego(10, 60, _NCAP_VRU),
            _range("cyclist_kmh", 10, 20, "km/h", "speed of the cyclist", _NCAP_VRU),
            _impact(0.25, 0.75, f"{_NCAP_VRU}: 50 %"),
            _range("hidden", 0, 1, "1", "above 0.5 a parked car hides the cyclist", _NCAP_VRU),
            _place_angle(60, 120),
        ),
        tags=("HumanCyclist", "VehicleCycle", "MotionCross"),
    ),
    EdgeCaseType(
        name="left-turn", title="CCFtap: the ego turns left across an oncoming car", question="impact",
        place="left-turn", trigger="two seconds before the ways meet",
        parameters=(
            _ego(10, 20, _NCAP_CAR),
            _range("other_kmh", 20, 55, "km/h", "speed of the oncoming car", f"{_NCAP_CAR}: 30, 45, 55 km/h"),
            _impact(0.2, 0.8, f"{_NCAP_CAR}: 50 %"),
            _place_angle(90, 150),
        ),
        tags=(*_CAR, "MotionTurnLeft", "MotionTowards"),
    ),
    EdgeCaseType(
        name="crossing-car", title="CCCscp: a car crosses straight, over a red light where there is one",
        question="impact", place="crossing", trigger="two seconds before the ways meet",
        parameters=(
            _ego(10, 60, _NCAP_CAR),
            _range("other_kmh", 20, 60, "km/h", "speed of the crossing car", f"{_NCAP_CAR}: 20 to 60 km/h"),
            _impact(0.1, 0.9, f"{_NCAP_CAR}: 50 %"),
            _place_angle(60, 120),
        ),
        tags=(*_CAR, "MotionCross"),
    ),
    EdgeCaseType(
        name="head-on", title="CCFhos: an oncoming car drifts into the ego's lane", question="ttc_s",
        place="oncoming", trigger="the other car begins to overlap the ego's width",
        parameters=(
            _ego(30, 60, f"{_NCAP_CAR}: 50 km/h"),
            _range("other_kmh", 30, 60, "km/h", "speed of the oncoming car", f"{_NCAP_CAR}: 50 km/h"),
            _range("lateral_ms", 0.5, 2, "m/s", "largest speed across", _OURS),
            _range("overlap", 0.5, 1, "1", "share of the ego's width that is met", _OURS),
            _ttc(1, 3),
        ),
        tags=(*_CAR, "MotionTowards"),
    ),
    EdgeCaseType(
        name="crash-ahead", title="A crash blocks lanes, and traffic arrives behind it", question="ttc_s",
        place="neighbour", trigger="the car ahead has come to rest at the wreck",
        parameters=(
            _ego(20, 60, _OURS),
            _range("braking_ms2", 5, 8, "m/s2", "deceleration of the car ahead on a dry road", _OURS),
            _range("wreck_deg", 20, 90, "degree", "angle of the wreck across the lanes", _OURS),
            _ttc(1, 4),
            _side(),
        ),
        tags=(*_CAR, "MotionStop", "MotionDecelerate"),
    ),
)  # fmt: skip

CATALOGUE: Final[dict[str, EdgeCaseType]] = {one.name: one for one in _TYPES}
"""The types by name."""
