"""Turn census tables into a few numbers by zone that are scaled alike everywhere: counts, densities, shares.

The tables are those of the commuting corpus (97 columns of the American Community Survey), where ages, classes of
worker and vehicles are percentages and the rest are counts; a 0 where no 0 can be means "unknown" and becomes NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Table", "census_columns"]

_AGES: Final = {
    "under_15": ("Under 5 Years", "5 to 9 Years", "10 to 14 Years"),
    "15_to_19": ("15 to 19 Years",),
    "20_to_24": ("20 to 24 Years",),
    "25_to_34": ("25 to 29 Years", "30 to 34 Years"),
    "35_to_44": ("35 to 39 Years", "40 to 44 Years"),
    "45_to_54": ("45 to 49 Years", "50 to 54 Years"),
    "55_to_64": ("55 to 59 Years", "60 to 64 Years"),
    "65_to_74": ("65 to 69 Years", "70 to 74 Years"),
    "75_and_over": ("75 to 79 Years", "80 to 84 Years", "85 Years and Over"),
}
_EMPLOYED: Final = {
    "15_to_19": 0.24, "20_to_24": 0.65, "25_to_34": 0.78, "35_to_44": 0.78, "45_to_54": 0.78, "55_to_64": 0.62,
    "65_to_74": 0.19, "75_and_over": 0.19,
}  # fmt: skip
"""Share of residents of each age who work: employment-population ratios of the US Current Population Survey, 2016
(Economic Policy Institute, "Overall employment to population ratio by age, 2000-2016": 29.7 % from 16 to 19, 64.6 %,
77.9 % from 25 to 54, 61.8 %, 18.6 % from 65 on), those of 15 counted as not working."""
_SCHOOLING: Final = {
    "no_diploma": ("Less Than 9th Grade", "9th to 12th Grade, No Diploma"),
    "high_school": ("High School Graduate (Includes Equivalency)",),
    "some_college": ("Some College, No Degree", "Associate's Degree"),
    "bachelor": ("Bachelor's Degree",),
    "graduate_degree": ("Graduate or Professional Degree",),
}
"""Highest school of residents from 25 on; every one is in one class."""
_WORKERS: Final = {
    "private": "Private Wage and Salary Workers",
    "government": "Government Workers",
    "self_employed": "Self-Employed Workers",
}
_VEHICLES: Final = {
    "none": "No Vehicle Available",
    "one": "1 Vehicle Available",
    "two": "2 Vehicles Available",
    "three": "3 or More Vehicles Available",
}


@dataclass(frozen=True, eq=False)
class Table:
    """Hold named columns. ``N`` rows, ``F`` columns.

    Parameters
    ----------
    names
        F names.
    values
        Shape (N, F).
    """

    names: Sequence[str]
    values: NDArray[np.floating[Any]]

    def column(self, name: str) -> NDArray[np.float64]:
        """Return one column, shape (N,)."""
        return np.asarray(self.values[:, list(self.names).index(name)], np.float64)

    def total(self, names: Sequence[str]) -> NDArray[np.float64]:
        """Return the sum of columns, shape (N,)."""
        return np.asarray(np.sum([self.column(name) for name in names], axis=0), np.float64)


def census_columns(table: Table, *, area_km2: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return the columns that a demand model reads of a census table, shape (N,) each; NaN where unknown.

    Parameters
    ----------
    table
        With the columns of the commuting corpus.
    area_km2
        Land area of each zone [km2], shape (N,); NaN where unknown.

    Returns
    -------
    ``population`` and ``workers`` (people), and under names that begin with ``demographic_``: ``density`` [km-2],
    ``households``, ``household_size``, ``family_size``, ``median_age`` [years], ``earnings`` [1000 US dollars a year],
    ``commute`` [min], and shares from 0 to 1 of residents by age, sex, school, poverty, of workers by class and by
    vehicles at hand. The corpus has no count of workers, so they are estimated from residents by age.
    """
    population = table.column("Total Population")
    by_age = {age: table.total([f"{one} - Total" for one in ages]) / 100 for age, ages in _AGES.items()}
    workers = population * sum(share * by_age[age] for age, share in _EMPLOYED.items())
    named = {
        "density": np.where(area_km2 > 0, population / np.where(area_km2 > 0, area_km2, 1.0), np.nan),
        "households": table.column("Total Households"),
        "household_size": _known(table.column("Average Household Size")),
        "family_size": _known(table.column("Average Family Size")),
        "median_age": _known(table.column("Median Age - Total")),
        "earnings": _known(table.column("Median Earnings (Dollars)")) / 1000,
        "commute": _known(table.column("Travel Time to Work - Mean Travel Time (Minutes)")),
        "families": _share(table.column("Total Families"), table.column("Total Households")),
        "female": _share(table.column("Female Population"), population),
        **{f"age_{age}": np.where(population > 0, share, np.nan) for age, share in by_age.items()},
        **_school(table, population),
        "poverty": _poverty(table, population),
        **_percentages(table, "Class of Worker - ", {f"works_{key}": name for key, name in _WORKERS.items()}),
        **_percentages(table, "Vehicles Available - ", {f"vehicles_{key}": name for key, name in _VEHICLES.items()}),
    }
    return {"population": population, "workers": workers} | {f"demographic_{key}": one for key, one in named.items()}


def _school(table: Table, population: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return highest schools of those from 25 on as shares of them, and who is at school as shares of all."""
    schools = {key: table.total(names) for key, names in _SCHOOLING.items()}
    grown = np.sum(list(schools.values()), axis=0)
    college = table.total(["College, Undergraduate", "Graduate, Professional School"])
    return {
        **{f"school_{key}": _share(one, grown) for key, one in schools.items()},
        "pupils": _share(table.column("Kindergarten to 12th Grade"), population),
        "students": _share(college, population),
    }


def _poverty(table: Table, population: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of residents in poverty; the table has it by sex, in percent."""
    poor = sum(table.column(f"Poverty - {sex}") * table.column(f"{sex} Population") for sex in ("Male", "Female"))
    return _share(np.asarray(poor) / 100, population)


def _percentages(table: Table, prefix: str, names: dict[str, str]) -> dict[str, NDArray[np.float64]]:
    """Return percentages as shares; unknown where all of them are 0."""
    shares = {key: table.column(prefix + name) / 100 for key, name in names.items()}
    known = np.sum(list(shares.values()), axis=0) > 0
    return {key: np.where(known, share, np.nan) for key, share in shares.items()}


def _known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(values > 0, values, np.nan)


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(whole > 0, np.minimum(part / np.where(whole > 0, whole, 1.0), 1.0), np.nan)
