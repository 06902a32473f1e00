"""Read what a folder of AV scenes holds, made or found, as one table; `trafficdiff.workflows.scenes_make` writes more.

==============  ====================================================================================================
``name``        of the scene; its directory's, empty where nothing was kept
``type``        of `datatypes.edge_case` where it was made, of `metrics.scene_types` where it was found
``origin``      ``"made"`` or ``"found"``
``place``       where: lane and metres along it, or edge
``ego_kmh``     the ego's speed when it becomes critical [km/h]
``question``    what was asked for: ``ttc_s``, ``impact`` or ``overlap``; empty where found
``asked``       ...and how much; ``achieved`` what came out
``ttc_s``       smallest time to collision, or the achieved one [s]; ``inf`` for none, NaN where not asked
``pet_s``       time between the two at one place [s]; NaN where made
``critical_s``  when it becomes critical [s of the simulated day]
``other``       the opponent's user id
``clock``       ISO local time; ``light``: ``day``, ``dusk`` or ``night``, empty where the sun is not given
``fog_m``       visual range [m], NaN without fog
``weather``     ``dry``, ``rain`` or ``snow``, with ``rain_mm_h``; ``friction`` of the road
``valid``       whether it is kept, with ``reason`` where not
``users``       how many road users; ``duration_s`` how long
``nats``        how far the scene model was led [nat]; NaN for other scenes, and where nothing was kept
==============  ====================================================================================================
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.driving_scene_files import SCENE, TRACKS, is_driving_scene
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

__all__ = ["COLUMNS", "MOST_SCENES", "read_scene_table"]

MOST_SCENES: Final = 2_000
"""Rows that are read of one folder."""
COLUMNS: Final = (
    "name", "type", "origin", "place", "ego_kmh", "question", "asked", "achieved", "ttc_s", "pet_s", "critical_s",
    "other", "clock", "light", "fog_m", "weather", "rain_mm_h", "friction", "valid", "reason", "users", "duration_s",
    "nats",
)  # fmt: skip
_MADE: Final = "scenes.json"
_FOUND: Final = "scenes.csv"
_OPPONENT: Final = "opponent"
_KMH: Final = 3.6
_DUSK_RAD: Final = (math.radians(-6.0), math.radians(6.0))
"""Sun between these elevations: dusk or dawn (civil twilight ends at -6 degrees)."""


def read_scene_table(directory: Path) -> pd.DataFrame:
    """Return the scenes of a folder that ``scenes make`` or ``scenes find`` wrote, in their order.

    Raises
    ------
    InputError
        If there is no such table, or it cannot be read.
    """
    import pandas as pd

    try:
        if (directory / _MADE).is_file():
            content = json.loads((directory / _MADE).read_text(encoding="utf-8"))
            rows = [_made(case, directory) for case in content["scenes"][:MOST_SCENES]]
        else:
            table = pd.read_csv(directory / _FOUND, nrows=MOST_SCENES, dtype={"ego": str, "other": str, "name": str})
            rows = [_found(row, directory) for row in table.to_dict("records")]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{directory}: expected a table of scenes ({_MADE} or {_FOUND}), got {type(error).__name__}: {error}; "
            "make or find them again"
        ) from error
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _made(case: Mapping[str, Any], directory: Path) -> dict[str, Any]:
    name = _inside(str(case["scene"]))
    described = _described(directory / name) if name else {}
    achieved = _number(case["achieved"])
    begin_s = _number(described.get("begin_s"))
    return {
        "name": name, "type": str(case["type"]), "origin": "made", "place": str(case["place"]),
        "ego_kmh": _number(case["parameters"].get("ego_kmh")), "question": str(case["question"]),
        "asked": _number(case["asked"]), "achieved": achieved,
        "ttc_s": achieved if case["question"] == "ttc_s" else math.nan, "pet_s": _number(case.get("pet_s")),
        "critical_s": begin_s + _number(case["trigger_s"]), "other": str(case.get("other", _OPPONENT)),
        "valid": bool(case["valid"]),
        "reason": str(case["reason"]), "users": int(case["users"]), "duration_s": _number(case["duration_s"]),
        "nats": _number(case.get("nats")),
    } | _conditions(described)  # fmt: skip


def _found(row: Mapping[Any, Any], directory: Path) -> dict[str, Any]:
    name = _inside(str(row["name"]))
    ttc_s, pet_s = (math.inf if row[key] != row[key] else float(row[key]) for key in ("ttc_s", "pet_s"))
    critical_s = float(row["critical_s"])
    kmh, place = _ego_at(directory / name / TRACKS, str(row["ego"]), critical_s)
    return {
        "name": name, "type": str(row["type"]), "origin": "found", "place": place, "ego_kmh": kmh, "question": "",
        "asked": math.nan, "achieved": math.nan, "ttc_s": ttc_s, "pet_s": pet_s, "critical_s": critical_s,
        "other": str(row["other"]), "valid": True, "reason": "", "users": int(row["users"]),
        "duration_s": float(row["end_s"]) - float(row["begin_s"]), "nats": math.nan,
    } | _conditions(_described(directory / name))  # fmt: skip


def _inside(name: str) -> str:
    """Return a name of a directory below, never of one elsewhere."""
    if "/" in name or "\\" in name or name.startswith("."):
        raise ValueError(f"expected a name without a path, got {name[:80]!r}")
    return name


def _described(scene: Path) -> dict[str, Any]:
    if not is_driving_scene(scene):
        return {}
    return dict(json.loads((scene / SCENE).read_text(encoding="utf-8")))


def _conditions(described: Mapping[str, Any]) -> dict[str, Any]:
    air = described.get("environment", {})
    sun = air.get("sun")
    return {
        "clock": str(air.get("date_time", "")), "light": _light(_number(sun["elevation_rad"])) if sun else "",
        "fog_m": _number(air.get("fog_visual_range_m")), "weather": str(air.get("precipitation", "dry")),
        "rain_mm_h": _number(air.get("precipitation_mm_h")), "friction": _number(air.get("friction")),
    }  # fmt: skip


def _light(elevation_rad: float) -> str:
    low, high = _DUSK_RAD
    return "night" if elevation_rad < low else "day" if elevation_rad > high else "dusk"


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _ego_at(path: Path, ego: str, time_s: float) -> tuple[float, str]:
    """Return how fast the ego is at a moment [km/h], and on which edge; unknown where there are no tracks."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, columns=["time_s", "speed_ms", "edge"], filters=[("user_id", "=", ego)])
    except (OSError, pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return math.nan, ""
    if not table.num_rows:
        return math.nan, ""
    at = int(np.argmin(np.abs(table["time_s"].to_numpy() - time_s)))
    edges = [str(edge) for edge in table["edge"].slice(0, at + 1).to_pylist() if edge]
    return _KMH * float(table["speed_ms"][at].as_py()), edges[-1] if edges else ""
