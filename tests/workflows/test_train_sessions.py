"""Training the charging model on files, and what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.session_towns import write_sites, write_town
from trafficdiff.errors import InputError, TrafficdiffError
from trafficdiff.workflows.charging_model import ChargingSite, draw_sessions, open_charging_model, rates
from trafficdiff.workflows.train_sessions import CARD_FILE, CHECKPOINT_FILE, train_sessions

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sessions")
    files = [write_town(folder, "trondheim", hour=18, dwell_min=600, weeks=4)]
    files.append(write_town(folder, "hamburg_train", sites=32, weeks=2))
    train_sessions(files, directory=folder / "model", sites=write_sites(folder, sites=32), cpu_minutes=0.005, seed=3)
    return folder / "model"


def test_a_trained_model_draws_the_hours_and_stays_of_its_network(trained: Path) -> None:
    model = open_charging_model(trained / CHECKPOINT_FILE)
    site = ChargingSite(site_type="home", power_kw=7.0, plugs=20, sessions_a_plug_week=7.0, network="trondheim")
    drawn = draw_sessions(model, [site], begin_s=0, end_s=7 * 86_400, seed=0)
    assert np.mean(drawn.arrive_s // 3600 % 24 == 18) > 0.6
    assert np.median(drawn.dwell_s) / 60 == pytest.approx(600, rel=0.1)
    placed = ChargingSite(
        site_type="public", power_kw=7.0, network="hamburg_train", longitude_deg=10.0, latitude_deg=53.55
    )
    assert rates(model, [placed])[0] == pytest.approx(7.0, rel=0.1)


def test_the_card_says_what_it_learned_from_and_under_which_licence(trained: Path) -> None:
    card = json.loads((trained / CARD_FILE).read_text(encoding="utf-8"))
    assert [of["name"] for of in card["networks"]] == ["trondheim", "hamburg_train"]
    assert [of["energy"] for of in card["networks"]] == [True, False]
    assert card["networks"][0]["licence"] == "CC BY 4.0"
    assert card["sha256"] == open_charging_model(trained / CHECKPOINT_FILE).sha256


def test_a_directory_that_is_taken_is_not_touched(trained: Path, tmp_path: Path) -> None:
    before = (trained / CARD_FILE).read_bytes()
    with pytest.raises(TrafficdiffError):
        train_sessions([write_town(tmp_path, "dundee", weeks=1)], directory=trained, cpu_minutes=0.001)
    assert (trained / CARD_FILE).read_bytes() == before


def test_files_that_cannot_be_used_are_named_and_nothing_is_written(tmp_path: Path) -> None:
    broken = write_town(tmp_path, "dundee", weeks=1)
    broken.write_text(broken.read_text(encoding="utf-8").replace("start,end", "begin,end"), encoding="utf-8")
    with pytest.raises(InputError, match="start"):
        train_sessions([broken], directory=tmp_path / "model", cpu_minutes=0.001)
    with pytest.raises(InputError, match="dundee_none"):
        train_sessions([tmp_path / "dundee_none.csv"], directory=tmp_path / "model", cpu_minutes=0.001)
    assert not (tmp_path / "model").exists()
