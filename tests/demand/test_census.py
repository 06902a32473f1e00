"""Columns of one zone, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.demand.areas import CENSUS
from trafficdiff.demand.census import Table, census_columns


def columns(**changes: float) -> dict[str, float]:
    values = CENSUS | {name.replace("_", " "): value for name, value in changes.items()}
    table = Table(tuple(values), np.array([list(values.values())]))
    return {name: float(one[0]) for name, one in census_columns(table, area_km2=np.array([4.0])).items()}


def test_counts_become_densities_and_shares() -> None:
    found = columns()
    expected = {
        "population": 1_000,
        "workers": 1_000 * (0.5 * 0.78 + 0.3 * 0.19),
        "demographic_density": 250,
        "demographic_households": 500,
        "demographic_families": 0.4,
        "demographic_female": 0.6,
        "demographic_age_under_15": 0.2,
        "demographic_age_25_to_34": 0.5,
        "demographic_age_75_and_over": 0.3,
        "demographic_school_no_diploma": 0.2,
        "demographic_school_bachelor": 0.3,
        "demographic_pupils": 0.1,
        "demographic_students": 0.05,
        "demographic_poverty": 0.26,
        "demographic_works_government": 0.2,
        "demographic_vehicles_none": 0.0,
        "demographic_vehicles_two": 0.75,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected)


def test_ages_and_schools_add_up_to_everyone() -> None:
    found = columns()
    for prefix in ("demographic_age_", "demographic_school_"):
        assert sum(value for name, value in found.items() if name.startswith(prefix)) == pytest.approx(1)


def test_a_zero_that_cannot_be_is_unknown() -> None:
    found = columns()
    assert np.isnan(found["demographic_earnings"])
    assert np.isnan(found["demographic_commute"])


def test_nobody_has_no_shares() -> None:
    found = columns(**{name.replace(" ", "_"): 0.0 for name in CENSUS})
    assert found["population"] == found["workers"] == found["demographic_density"] == 0
    for name in ("age_under_15", "female", "poverty", "school_bachelor", "works_private", "vehicles_none", "families"):
        assert np.isnan(found[f"demographic_{name}"]), name


def test_land_that_is_unknown_has_no_density() -> None:
    table = Table(tuple(CENSUS), np.array([list(CENSUS.values())]))
    assert np.isnan(census_columns(table, area_km2=np.array([np.nan]))["demographic_density"][0])
