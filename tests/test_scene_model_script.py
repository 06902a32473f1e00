"""The evaluation script writes a scorecard that can be read, with a row for every other checkpoint."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest

from tests.motion import straight_scene
from trafficdiff.datatypes.motion_files import write_motion_scenes
from trafficdiff.resources import bundled
from trafficdiff.workflows.scene_scorecard import scene_scorecard
from trafficdiff.workflows.train_motion import SHIPPED


@pytest.mark.slow
def test_one_command_makes_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scenes = [straight_scene(starts=[(0, 0, 0, 8.0), (25 + 2 * gap, 0, 0, 6.0)]) for gap in range(4)]
    write_motion_scenes(scenes, tmp_path / "corpus", card={"scenes": 4})
    card, other = tmp_path / "card.json", bundled(SHIPPED)
    options = [
        "--scenes",
        "2",
        "--draws",
        "1",
        "--budgets",
        "2",
        "--competing",
        "2",
        "--ablation",
        f"no map={other}",
        "-o",
        str(card),
    ]
    monkeypatch.setattr("sys.argv", ["evaluate_scene_model.py", str(tmp_path / "corpus"), *options])
    with pytest.raises(SystemExit) as left:
        runpy.run_path(str(Path(__file__).parents[1] / "scripts" / "evaluate_scene_model.py"), run_name="__main__")
    assert left.value.code == 0
    said = capsys.readouterr().out
    document = json.loads(card.read_text())
    names = [row["name"] for row in document["rows"]]
    assert names[-4:] == [
        "model, guided, 40 nat, best of 2", "model, guided, 40 nat, and angle, best of 2", "no map, unguided",
        "no map, guided, 2 nat",
    ]  # fmt: skip
    assert all(name in said for name in names)
    assert str(tmp_path) not in document["made_with"]
    assert {row.key for row in scene_scorecard(document).rows} >= {"criticality", "mean_jsd"}
    by_name = {row["name"]: row for row in document["rows"]}
    assert by_name["no map, guided, 2 nat"]["speed"] == by_name["model, guided, 2 nat"]["speed"]
