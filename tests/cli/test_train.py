"""``trafficdiff train`` as a user calls it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.commands import trafficdiff
from tests.diffusion.test_resuming import towns
from trafficdiff.cli import main
from trafficdiff.datatypes.scene_files import write_scenes
from trafficdiff.workflows.train import state_file

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus") / "scenes"
    write_scenes(towns(), folder, card={"format": 1})
    return folder


@pytest.mark.slow
@pytest.mark.sumo
def test_a_trained_model_can_be_sampled_from(corpus: Path, grid_net: Path, tmp_path: Path) -> None:
    said = trafficdiff("train", corpus, "-o", tmp_path / "model", "--cpu-minutes", 0.02, "--seed", 4, "--json")
    assert said.returncode == 0, said.stderr
    card = json.loads(said.stdout)
    assert card["training"]["seed"] == 4
    assert card["steps"] > 0
    trips = ("--trips", 20, "--begin", 0, "--end", 600, "--seed", 1, "-o", tmp_path / "trips.parquet")
    said = trafficdiff("sample", grid_net, *trips, "--checkpoint", card["checkpoint"])
    assert said.returncode == 0, said.stderr
    again = trafficdiff("train", corpus, "-o", tmp_path / "model")
    assert again.returncode == 2
    assert "reading" not in again.stderr


@pytest.mark.slow
def test_a_killed_training_goes_on(corpus: Path, tmp_path: Path) -> None:
    words = ["train", corpus, "-o", tmp_path / "model", "--cpu-minutes", "0.05"]
    program = "import sys; import trafficdiff.workflows.train as train; train._SAVE_EVERY_S = 0; " + (
        "from trafficdiff.cli import main; main(sys.argv[1:])"
    )
    process = subprocess.Popen([sys.executable, "-c", program, *map(str, words)], stderr=subprocess.DEVNULL)
    state = state_file(tmp_path / "model")
    waited_until_s = time.monotonic() + 60
    while not state.exists() and process.poll() is None and time.monotonic() < waited_until_s:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert state.exists()
    assert not (tmp_path / "model").exists()
    said = trafficdiff(*words)
    assert said.returncode == 2
    assert "--resume" in said.stderr
    said = trafficdiff(*words, "--resume")
    assert said.returncode == 0, said.stderr
    assert "going on from step " in said.stderr
    assert "Mean losses" in said.stdout
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == [
        "card.json", "demand_model.safetensors", "manifest.json",
    ]  # fmt: skip
    assert not state.exists()


@pytest.mark.slow
def test_what_cannot_be_trained_on_is_invalid_input(corpus: Path, tmp_path: Path) -> None:
    for words, code, word in (
        (("--leave-out", "atlantis"), 2, "atlantis"),
        (("--source", "gossip"), 2, "gossip"),
        (("--cpu-minutes", "0"), 2, "cpu-minutes"),
    ):
        said = trafficdiff("train", corpus, "-o", tmp_path / "model", *words)
        assert said.returncode == code
        assert word in said.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.sumo
def test_a_model_tuned_on_the_command_line_can_be_sampled_from(grid_net: Path, tmp_path: Path) -> None:
    window = ("--begin", 0, "--end", 600, "--seed", 1)
    said = trafficdiff(
        "sample", grid_net, "--trips", 200, *window, "-o", tmp_path / "own.parquet", "--demand", "uniform"
    )
    assert said.returncode == 0, said.stderr
    own = ["--network", str(grid_net), "--routes", str(tmp_path / "own.parquet")]
    said = trafficdiff("train", "--from", "shipped", *own, "-o", tmp_path / "tuned", "--seed", 4)
    assert said.returncode == 0, said.stderr
    assert "held out" in said.stdout
    assert "tuned to 200 trips" in said.stdout
    model = tmp_path / "tuned" / "demand_model.safetensors"
    words = [*window, "-o", str(tmp_path / "drawn.parquet"), "--checkpoint", str(model)]
    said = trafficdiff("sample", grid_net, "--trips", 20, *words)
    assert said.returncode == 0, said.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from", "shipped"], "missing --network, --routes"),
        (["--network", "net"], "--network of no use here"),
        (["--from", "shipped", "--network", "n", "--routes", "r", "--delta", "0.1"], "--delta of no use here"),
        (["corpus", "--from", "shipped", "--network", "n", "--routes", "r"], "a corpus of no use here"),
    ],
)
def test_options_of_two_ways_are_not_mixed(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["train", *words, "-o", str(tmp_path / "model")])
    assert ended.value.code == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "model").exists()
