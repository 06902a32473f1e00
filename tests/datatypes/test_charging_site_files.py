"""A file of candidate sites says what could be built, what it costs, and all that is wrong with it at once."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from trafficdiff.datatypes.charging_site_files import read_sites
from trafficdiff.datatypes.charging_sites import SiteCosts, options_of
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "id,lon,lat,plugs,power_kw,kind,fixed_cost,plug_cost\n"


def written(folder: Path, *rows: str) -> Path:
    path = folder / "sites.csv"
    path.write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_groups_of_plugs_are_alternatives_and_costs_are_stated_or_declared(tmp_path: Path):
    sites = read_sites(
        written(tmp_path, "a,24.9,60.1,8x22ac 2x150dc,,parking,,", "b,24.9,60.1,3,50,street,1000,500", "c,1,2,1,50,,,")
    )
    assert [(site.kind, len(site.station.plugs)) for site in sites] == [("parking", 2), ("street", 1), ("other", 1)]
    assert math.isnan(sites[0].fixed_cost)
    costs = SiteCosts()
    options = options_of(sites, costs)
    assert options.site.tolist() == [0, 0, 1, 2]
    assert options.most.tolist() == [8, 2, 3, 1]
    assert options.plug_cost.tolist() == [costs.of_plug(22), costs.of_plug(150), 500.0, costs.of_plug(50)]
    assert options.cost(np.array([0, 0, 2, 0])) == 2_000.0


def test_all_faults_of_all_rows_are_said_at_once(tmp_path: Path):
    path = written(
        tmp_path, "a,24.9,60.1,2,-50,parking,,", "a,24.9,60.1,2,50,castle,,", "c,24.9,60.1,2,50,shop,-1,much"
    )
    with pytest.raises(InputError) as said:
        read_sites(path)
    words = str(said.value)
    for part in ("plug's power above 0", "an id of its own", "'castle'", "fixed_cost", "'much'"):
        assert part in words


def test_points_of_a_geojson_file_are_read(tmp_path: Path):
    path = tmp_path / "sites.geojson"
    feature = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [24.9, 60.1]},
        "properties": {"id": "a", "plugs": "4x50dc", "kind": "fuel"},
    }
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    (site,) = read_sites(path)
    assert (site.kind, site.station.longitude_deg, site.station.plug_count) == ("fuel", 24.9, 4)
