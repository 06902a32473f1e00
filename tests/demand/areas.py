"""Commuting areas made by hand, as the corpus' files and as scenes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from trafficdiff.datatypes.scene import Scene, SceneTrips
from trafficdiff.demand.commuting import straight_travel_time_s

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

AGES = (
    "Under 5 Years", "5 to 9 Years", "10 to 14 Years", "15 to 19 Years", "20 to 24 Years", "25 to 29 Years",
    "30 to 34 Years", "35 to 39 Years", "40 to 44 Years", "45 to 49 Years", "50 to 54 Years", "55 to 59 Years",
    "60 to 64 Years", "65 to 69 Years", "70 to 74 Years", "75 to 79 Years", "80 to 84 Years", "85 Years and Over",
)  # fmt: skip
CENSUS = {
    "Total Population": 1_000.0,
    "Male Population": 400.0,
    "Female Population": 600.0,
    **{f"{age} - Total": 0.0 for age in AGES},
    "Under 5 Years - Total": 20.0,
    "25 to 29 Years - Total": 30.0,
    "30 to 34 Years - Total": 20.0,
    "85 Years and Over - Total": 30.0,
    "Median Age - Total": 40.0,
    "Median Earnings (Dollars)": 0.0,
    "Class of Worker - Private Wage and Salary Workers": 70.0,
    "Class of Worker - Government Workers": 20.0,
    "Class of Worker - Self-Employed Workers": 10.0,
    "Travel Time to Work - Mean Travel Time (Minutes)": 0.0,
    "Vehicles Available - No Vehicle Available": 0.0,
    "Vehicles Available - 1 Vehicle Available": 25.0,
    "Vehicles Available - 2 Vehicles Available": 75.0,
    "Vehicles Available - 3 or More Vehicles Available": 0.0,
    "Total Households": 500.0,
    "Average Household Size": 2.0,
    "Total Families": 200.0,
    "Average Family Size": 3.0,
    "Kindergarten to 12th Grade": 100.0,
    "College, Undergraduate": 40.0,
    "Graduate, Professional School": 10.0,
    "Less Than 9th Grade": 50.0,
    "9th to 12th Grade, No Diploma": 50.0,
    "High School Graduate (Includes Equivalency)": 100.0,
    "Some College, No Degree": 60.0,
    "Associate's Degree": 40.0,
    "Bachelor's Degree": 150.0,
    "Graduate or Professional Degree": 50.0,
    "Poverty - Male": 50.0,
    "Poverty - Female": 10.0,
}
"""One zone of 1,000 residents, by the corpus' column names."""


def corpus_arrays() -> dict[str, Any]:
    """Two areas: three zones around Baltimore's latitude, one of them without land, and two on the equator."""
    return {
        "area_id": np.array(["24510", "00000"]),
        "zone_offset": np.array([0, 3, 5]),
        "lon": np.array([-76.6, -76.5, -76.6, 179.95, -179.95], np.float32),
        "lat": np.array([39.3, 39.3, 39.4, 0.0, 0.0], np.float32),
        "land_area_m2": np.array([2e6, 4e6, 0, 1e6, 1e6], np.float32),
        "demographics": np.tile(np.array(list(CENSUS.values()), np.float32), (5, 1)),
        "od_offset": np.array([0, 4, 5]),
        "od_origin": np.array([0, 0, 1, 2, 0], np.int32),
        "od_destination": np.array([0, 1, 2, 0, 0], np.int32),
        "od_commuters": np.array([900, 5, 7, 2, 3], np.int32),
    }


def write_corpus(folder: Path, arrays: dict[str, Any]) -> Path:
    """Write arrays and the names of their columns as the corpus has them."""
    (folder / "columns.json").write_text(json.dumps({"pois": [], "demographics": list(CENSUS)}), encoding="utf-8")
    np.savez(folder / "areas.npz", **arrays)
    return folder / "areas.npz"


def commuting_scene(
    flows: NDArray[np.float64], *, xy_km: NDArray[np.float64], population: NDArray[np.float64], name: str = "area"
) -> Scene:
    """Return a scene with these flows; as many workers as residents."""
    origin, destination = np.nonzero(flows)
    nowhere = np.full(len(origin), -1, np.int32)
    apart_m = 1000 * np.hypot(*(xy_km[:, None] - xy_km[None]).transpose(2, 0, 1))
    return Scene(
        name=name,
        place=name,
        source="commuting",
        zone_xy_m=(1000 * xy_km).astype(np.float32),
        zone_columns=("population", "workers"),
        zone_values=np.stack([population, population], axis=1).astype(np.float32),
        scene_columns=(),
        scene_values=np.zeros(0, np.float32),
        travel_time_s=straight_travel_time_s(apart_m).astype(np.float32),
        edge_offsets=np.zeros(len(xy_km) + 1, np.int64),
        edge_columns=(),
        edge_values=np.zeros((0, 0), np.float32),
        edge_index=np.zeros(0, np.int32),
        trips=SceneTrips(
            origin_zone=origin.astype(np.int32),
            destination_zone=destination.astype(np.int32),
            via_zone=nowhere,
            origin_edge=nowhere,
            destination_edge=nowhere,
            depart_share=np.full(len(origin), np.nan, np.float32),
            vehicle_class=np.zeros(len(origin), np.int8),
            weight=flows[origin, destination].astype(np.float32),
            day=np.zeros(len(origin), np.int16),
        ),
    )
