"""Understand what OpenStreetMap says of a charging station.

Keys and values follow the OSM wiki's page "Tag:amenity=charging_station". Mappers often leave the power out; then it is
what a socket of its kind usually gives, which is declared here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

from trafficdiff.datatypes.stations import ChargingStation, Plugs, SiteType

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["opening_of", "power_of", "station_of_tags"]

_SOCKETS: Final[dict[str, tuple[float, Literal["ac", "dc"]]]] = {
    "type2_combo": (50.0, "dc"),
    "ccs": (50.0, "dc"),
    "type1_combo": (50.0, "dc"),
    "chademo": (50.0, "dc"),
    "tesla_supercharger": (120.0, "dc"),
    "tesla_supercharger_ccs": (150.0, "dc"),
    "nacs": (150.0, "dc"),
    "type2": (22.0, "ac"),
    "type2_cable": (22.0, "ac"),
    "tesla_destination": (11.0, "ac"),
    "type1": (7.4, "ac"),
    "type3": (22.0, "ac"),
    "type3c": (22.0, "ac"),
    "cee_blue": (3.7, "ac"),
    "cee_red_16a": (11.0, "ac"),
    "cee_red_32a": (22.0, "ac"),
}
"""Power [kW] and current of a socket whose power nobody wrote. Household sockets are not counted."""

_DEFAULT: Final = Plugs(count=2, power_kw=22.0, current="ac")
"""A station of which nothing is known: two plugs of 22 kW, the usual post at a street (declared)."""

_POWER: Final = re.compile(r"(\d+(?:[.,]\d+)?)\s*(kva|kw|va|w)?\b", re.IGNORECASE)
_HOURS: Final = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_CLOSED: Final = frozenset({"no", "private", "disused", "abandoned", "construction"})
_RAPID_KW: Final = 43.0


def station_of_tags(
    osm_id: str, tags: Mapping[str, str], *, longitude_deg: float, latitude_deg: float
) -> ChargingStation | None:
    """Return the station that an OSM object is, or None if it is none for the cars of the public.

    Parameters
    ----------
    osm_id
        ``n1``, ``w2``, ``r3``; the station is called ``osm_n1``.
    tags
        Of the object.
    longitude_deg, latitude_deg
        Where it is, WGS 84.
    """
    if tags.get("amenity") != "charging_station" or tags.get("access") in _CLOSED:
        return None
    cars = tags.get("motorcar", tags.get("car"))
    only_bicycles = tags.get("bicycle") in {"yes", "designated"} and cars is None and not _has_car_socket(tags)
    if cars == "no" or only_bicycles:
        return None
    plugs = _plugs(tags)
    strongest_kw = max(group.power_kw for group in plugs)
    site: SiteType = "rapid" if strongest_kw >= _RAPID_KW else "public"
    site = "work" if tags.get("access") in {"employees", "permit"} else site
    return ChargingStation(
        id=f"osm_{osm_id}",
        plugs=plugs,
        longitude_deg=longitude_deg,
        latitude_deg=latitude_deg,
        site_type=site,
        opening=opening_of(tags.get("opening_hours", "")),
        name=tags.get("name", tags.get("operator", "")),
    )


def power_of(text: str) -> float | None:
    """Return the power that a tag's value says [kW]; a bare number above 1,000 is W. None where it says none.

    Examples
    --------
    >>> power_of("22 kW"), power_of("50000"), power_of("11"), power_of("3,7kW"), power_of("yes")
    (22.0, 50.0, 11.0, 3.7, None)
    """
    values = []
    for number, unit in _POWER.findall(text):
        value = float(number.replace(",", "."))
        in_watt = unit.lower() in {"w", "va"} or (not unit and value > 1_000)
        values.append(value / 1_000 if in_watt else value)
    sound = [value for value in values if 0 < value <= 1_000]
    return max(sound) if sound else None


def opening_of(text: str) -> tuple[tuple[float, float], ...]:
    """Return when a station is open on every day [s of the day]; empty for always, and where that cannot be told.

    Only plain hours without days are understood (``08:00-18:00``); what differs by day is taken as always open.

    Examples
    --------
    >>> opening_of("08:00-18:30"), opening_of("24/7"), opening_of("Mo-Fr 08:00-18:00")
    (((28800.0, 66600.0),), (), ())
    """
    if not re.fullmatch(r"[\d:\s,;-]+", text):
        return ()
    parts = []
    for from_hour, from_minute, to_hour, to_minute in _HOURS.findall(text):
        begin_s, end_s = (3_600.0 * int(h) + 60.0 * int(m) for h, m in ((from_hour, from_minute), (to_hour, to_minute)))
        if end_s > begin_s:
            parts.append((begin_s, min(end_s, 86_400.0)))
        else:  # over midnight
            parts += [(begin_s, 86_400.0), (0.0, end_s)] if end_s > 0 else [(begin_s, 86_400.0)]
    return tuple(sorted(parts))


def _has_car_socket(tags: Mapping[str, str]) -> bool:
    return any(f"socket:{name}" in tags for name in _SOCKETS)


def _plugs(tags: Mapping[str, str]) -> tuple[Plugs, ...]:
    """Return the plugs: the strongest sockets first, no more than cars fit (``capacity``)."""
    whole_kw = next(
        (kw for key in ("maxpower", "charging_station:output") if (kw := power_of(tags.get(key, "")))), None
    )
    found = []
    for name, (usual_kw, current) in _SOCKETS.items():
        count = _count(tags.get(f"socket:{name}", ""))
        if count:
            power_kw = power_of(tags.get(f"socket:{name}:output", "")) or min(usual_kw, whole_kw or usual_kw)
            found.append(Plugs(count=count, power_kw=power_kw, current=current))
    capacity = _count(tags.get("capacity", ""))
    if not found:
        power_kw = whole_kw or _DEFAULT.power_kw
        kind: Literal["ac", "dc"] = "dc" if power_kw >= _RAPID_KW else "ac"
        return (Plugs(count=capacity or _DEFAULT.count, power_kw=power_kw, current=kind),)
    left, kept = capacity or sum(group.count for group in found), []
    for group in sorted(found, key=lambda one: -one.power_kw):
        count = min(group.count, left)
        if count:
            kept.append(Plugs(count=count, power_kw=group.power_kw, current=group.current))
        left -= count
    return tuple(kept)


def _count(text: str) -> int:
    """Return how many a tag says: ``yes`` is one, what cannot be read or is more than 200 is none."""
    if text.strip().lower() == "yes":
        return 1
    number = re.fullmatch(r"\s*(\d{1,3})\s*", text)
    return int(number.group(1)) if number and int(number.group(1)) <= 200 else 0
