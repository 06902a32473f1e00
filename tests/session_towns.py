"""Made-up files of charging sessions: two networks whose laws are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.session_sites import SURROUNDINGS

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["write_sites", "write_town"]

_HEADING = "source,site,charger,plug,user,start,end,kwh,model"


def write_town(
    folder: Path, name: str, *, weeks: int = 8, hour: int = 9, dwell_min: int = 90, sites: int = 3, seed: int = 0
) -> Path:
    """Write a file in which each plug is used once on each day, about an hour of the day, and return its path.

    Parameters
    ----------
    folder, name
        Where, and the network's name; one that begins with ``hamburg`` has places and no energies.
    weeks, sites
        How many; sites have two plugs.
    hour, dwell_min
        Of arrival and stay.
    seed
        Of their spread.
    """
    random = np.random.default_rng(seed)
    placed = name.startswith("hamburg")
    lines = []
    for day in range(7 * weeks):
        for site in range(sites):
            for plug in (1, 2):
                start = np.datetime64("2018-01-01T00:00", "m") + 1_440 * day + 60 * hour + int(random.integers(0, 60))
                end = start + dwell_min + int(random.integers(-20, 20))
                text = [str(one).replace("T", " ") + ":00" for one in (start, end)]
                energy = "" if placed else f"{random.uniform(3, 9):.2f}"
                row = [name, f"{site}", f"{site}-1", f"{plug}", "", *text, energy, "7kW charger"]
                lines.append(",".join([*row, f"{9.9 + site / 100}", f"{53.5 + site / 200}"] if placed else row))
    path = folder / f"{name}.csv"
    path.write_text("\n".join([_HEADING + (",lon,lat" if placed else ""), *lines]) + "\n", encoding="utf-8")
    return path


def write_sites(folder: Path, *, sites: int = 3, leave_out: str | None = None) -> Path:
    """Write a table of surroundings, one site a row, and return its path."""
    columns = [f"{kind}_poi_num_300m" for kind in SURROUNDINGS[:-2]] + ["other_cs", "population"]
    columns = [name for name in columns if name != leave_out]
    rows = [",".join([f"{site}", *(f"{site + place}" for place in range(len(columns)))]) for site in range(sites)]
    path = folder / "hamburg_sites.csv"
    path.write_text("\n".join([",".join(["location_id", *columns]), *rows]) + "\n", encoding="utf-8")
    return path
