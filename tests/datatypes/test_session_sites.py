"""Networks of charging sessions: places, kinds, surroundings, and how long they were watched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.session_towns import write_sites, write_town
from trafficdiff.datatypes.session_sites import SURROUNDINGS, read_network, read_networks, weeks_of
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


def test_chargers_of_a_kind_at_a_site_are_a_place_and_say_their_power(tmp_path: Path) -> None:
    network = read_network(write_town(tmp_path, "dundee", weeks=2, sites=2))
    assert network.site.tolist() == ["0", "1"]
    assert {(kind.site_type, kind.power_kw) for kind in network.kinds} == {("public", 7.0)}
    assert network.plugs.tolist() == [2, 2]
    assert network.has_energy


def test_a_rapid_charger_is_a_kind_of_its_own(tmp_path: Path) -> None:
    path = write_town(tmp_path, "dundee", weeks=1, sites=2)
    text = path.read_text(encoding="utf-8").replace(",1-1,1,", ",1-2,1,").split("\n")
    path.write_text(
        "\n".join(line.replace("7kW charger", "50 kW rapid") if ",1-2," in line else line for line in text),
        encoding="utf-8",
    )
    network = read_network(path)
    assert [(kind.site_type, kind.power_kw) for kind in network.kinds] == [
        ("public", 7.0), ("public", 7.0), ("rapid", 50.0),
    ]  # fmt: skip


def test_half_of_the_weeks_is_half_of_the_time(tmp_path: Path) -> None:
    network = read_network(write_town(tmp_path, "trondheim", weeks=8, sites=1))
    even = network.take(weeks_of(network.sessions) % 2 == 0)
    assert network.weeks == pytest.approx(8, abs=0.7)
    assert even.weeks == pytest.approx(4, abs=0.7)


def test_time_taken_is_that_of_the_file(tmp_path: Path) -> None:
    network = read_network(write_town(tmp_path, "trondheim", weeks=8, sites=2, dwell_min=120))
    assert network.taken == pytest.approx([2 / 24] * 2, rel=0.08)


def test_surroundings_belong_to_the_network_of_their_name(tmp_path: Path) -> None:
    files = [write_town(tmp_path, name, weeks=1) for name in ("dundee", "hamburg_train")]
    dundee, hamburg = read_networks(files, sites=write_sites(tmp_path))
    assert np.isnan(dundee.surroundings).all()
    assert np.isnan(dundee.at_deg).all()
    assert hamburg.surroundings[1] == pytest.approx(np.log1p(1 + np.arange(len(SURROUNDINGS))))
    assert hamburg.at_deg[1] == pytest.approx([9.91, 53.505])
    assert not hamburg.has_energy


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    path = write_town(tmp_path, "hamburg_train", weeks=1)
    with pytest.raises(InputError, match="population"):
        read_network(path, sites=write_sites(tmp_path, leave_out="population"))
    with pytest.raises(InputError, match="time zone"):
        read_network(write_town(tmp_path, "somewhere", weeks=1))
    with pytest.raises(InputError, match="different names"):
        read_networks([path, path])
