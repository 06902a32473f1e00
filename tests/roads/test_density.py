"""Street density of grids whose density is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trafficdiff.roads.density import is_urban, street_density
from trafficdiff.roads.extract import Ways

KM = 1 / 111.195  # degrees on the equator


def grid(spacing_km: float, *, highway: str = "residential", stray: bool = False) -> Ways:
    """Return parallel streets north and east over 10 km by 10 km on the equator, a point every 100 m."""
    count = round(10 / spacing_km) + 1
    along = np.linspace(0, 10 * KM, 101)
    lines = [np.stack([np.full(101, row * spacing_km * KM), along], axis=1) for row in range(count)]
    lines += [line[:, ::-1] for line in lines]
    if stray:
        lines.append(np.array([[0, 0], [0, 2.0]]))
    ids = np.arange(len(lines))
    return Ways(
        tags=pd.DataFrame({"highway": [highway] * len(lines)}, index=pd.Index(ids)),
        way=ids,
        oneway=np.zeros(len(lines), np.int8),
        offsets=np.concatenate([[0], np.cumsum([len(line) for line in lines])]),
        lonlat=np.concatenate(lines),
    )


@pytest.mark.parametrize("spacing_km", [0.1, 0.5])
def test_grid_has_two_over_spacing(spacing_km: float) -> None:
    assert street_density(grid(spacing_km)) == pytest.approx(2 / spacing_km, rel=0.1)


def test_blocks_are_urban_and_country_roads_are_not() -> None:
    assert is_urban(grid(0.2))
    assert not is_urban(grid(2.0))


def test_road_that_leads_far_out_changes_little() -> None:
    assert street_density(grid(0.5, stray=True)) == pytest.approx(street_density(grid(0.5)), rel=0.05)


def test_gaps_between_pieces_do_not_count() -> None:
    # 20 x 20 stretches of 100 m, one in each square kilometre
    begin = np.stack(np.meshgrid(np.arange(20.0), np.arange(20.0)), axis=-1).reshape(-1, 2)
    ids = np.arange(len(begin))
    pieces = Ways(
        tags=pd.DataFrame({"highway": ["residential"] * len(ids)}, index=pd.Index(ids)),
        way=ids,
        oneway=np.zeros(len(ids), np.int8),
        offsets=np.arange(0, 2 * len(ids) + 1, 2),
        lonlat=np.stack([begin, begin + np.array([0.1, 0.0])], axis=1).reshape(-1, 2) * KM,
    )
    assert street_density(pieces) == pytest.approx(0.1, rel=0.2)


def test_footways_are_no_streets() -> None:
    assert street_density(grid(0.1, highway="footway")) == 0
