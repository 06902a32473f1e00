"""A plan of charging sites is shown with what it brings and how it stands against chance; a damaged one says so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from dashboards.shell.words import catalogue
from tests.dashboards.seen import drawn, opened, texts
from trafficdiff.datatypes.charging_site_plan import SitingPlan
from trafficdiff.publish import publishing
from trafficdiff.store.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

WORDS = catalogue("en")
_TODAY = {"loss_kwh": 520.0, "unmet_kwh": 400.0, "unmet_cars": 20.0, "wait_h": 12.0, "detour_h": 2.0, "plug_h": 80.0}
_PLANNED = {"loss_kwh": 130.0, "unmet_kwh": 90.0, "unmet_cars": 4.0, "wait_h": 3.5, "detour_h": 1.0, "plug_h": 100.0}
HOSTILE = "<b>**Car park**</b>"


def plan() -> SitingPlan:
    """Return a plan of two sites, one with a hostile name."""
    site = {"kind": "parking", "lon": 24.94, "lat": 60.17, "edge": "e", "power_kw": 50.0, "current": "dc"}
    return SitingPlan.model_validate(
        {
            "scenario": "EV morning", "budget": 300_000, "cost": 280_000, "currency": "EUR", "method": "greedy",
            "samples": 5, "seed": 1, "today": _TODAY, "planned": _PLANNED, "gap": 0.031,
            "sites": [
                site | {"id": "a", "name": HOSTILE, "plugs": 4, "cost": 180_000},
                site | {"id": "b", "name": "Market", "plugs": 2, "cost": 100_000, "kind": "fuel"},
            ],
            "methods": [], "random": {
                "draws": 200, "loss_mean_kwh": 300, "loss_low_kwh": 240, "loss_high_kwh": 380, "unmet_mean_kwh": 220,
                "wait_mean_h": 8, "better": 0.0,
            },
            "out_of_reach_kwh": 12, "wanted_kwh": 900, "wanted_cars": 60,
            "simulated": [{"name": "unmet_energy", "unit": "kW h", "samples": 5, "before": 410, "after": 120,
                           "change": -290, "low": -330, "high": -250}],
            "costs": {}, "candidates": 300, "considered": 80, "settings": {}, "assumptions": ["Costs are declared."],
            "provenance": {},
        }
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with nothing but a plan."""
    root = tmp_path / "city"
    (root / "plans").mkdir(parents=True)
    with publishing(root / "plans" / "rapid", kind="charging_plan") as work:
        (work / "plan.json").write_text(plan().model_dump_json())
    return root


def test_a_folder_lists_its_plans(folder: Path) -> None:
    assert [entry.name for entry in Workspace(folder).charging_plans()] == ["plans/rapid"]
    assert Workspace(folder).runs() == []


def test_a_plan_is_shown_with_today_and_chance_beside_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened("charging", folder, monkeypatch)
    said = texts(page).replace("\\", "")
    assert "2 sites with 6 plugs" in said
    for number in ("400", "**90**", "220", "520", "**130**", "300 (240–380)"):  # noqa: RUF001 - as it is written
        assert number in said
    assert "3.1" in said
    assert "200 random placements" in said
    assert "−290" in said  # noqa: RUF001 - a true minus
    table = page.dataframe[0].value
    assert table["site"].tolist() == [HOSTILE, "Market"]
    assert table["cost"].tolist() == [180_000, 100_000]


def test_a_damaged_plan_says_what_is_wrong(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = folder / "plans" / "rapid" / "plan.json"
    content = json.loads(file.read_text())
    content["sites"][0]["plugs"] = -1
    file.write_text(json.dumps(content))
    page = drawn("charging", folder, monkeypatch)
    assert not page.exception
    assert any("plugs" in error.value for error in page.error)


def test_a_folder_without_a_plan_says_which_command_makes_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened("charging", tmp_path, monkeypatch)
    assert any("plan-charging" in code.value for code in page.code)
