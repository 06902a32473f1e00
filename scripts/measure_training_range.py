"""Measure whether the training range tells strange places from others, and whether being far means being wrong.

::

    python scripts/measure_training_range.py CORPUS --network nanchang=NET --table wildau=TABLE.json ...

Three questions: how often a place of the corpus is called far when it is left out (should be 5 of 100); whether nets
that nobody would call a city are told apart; and, with tables that ``trafficdiff evaluate -o`` wrote of models that had
not seen the city, whether the distance goes with the quality. A table's city is a place of the corpus, or a network.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trafficdiff.datatypes.scene import Scene
    from trafficdiff.datatypes.training_range import Standing

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from trafficdiff.datatypes.scene_files import read_scenes  # noqa: E402
from trafficdiff.process import sumo_program  # noqa: E402
from trafficdiff.roads.load import load_network  # noqa: E402
from trafficdiff.roads.scene_traits import has_traits  # noqa: E402
from trafficdiff.workflows.model_demand import city_scene  # noqa: E402
from trafficdiff.workflows.model_trips import surroundings_of  # noqa: E402
from trafficdiff.workflows.training_range import range_of, standing_of  # noqa: E402

NOBODY = "0" * 64
LEAST_CITIES = 3
PROJECTION = "+proj=utm +zone=33 +ellps=WGS84 +datum=WGS84 +units=m +no_defs"


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--network", action="append", default=[], metavar="NAME=NET")
    parser.add_argument("--table", action="append", default=[], metavar="PLACE=TABLE.json")
    asked = parser.parse_args(words)
    scenes = [scene for scene in read_scenes(asked.corpus, sources=("calibrated", "randomised")) if has_traits(scene)]
    left_out = leave_each_place_out(scenes)
    with tempfile.TemporaryDirectory() as folder:
        judge("nets that are no city", absurd_nets(Path(folder)), scenes)
    nets = {name: Path(net) for name, net in pairs(asked.network)}
    judged = judge("networks", nets, scenes)
    quality({**left_out, **judged}, {place: Path(file) for place, file in pairs(asked.table)})


def pairs(words: Sequence[str]) -> list[tuple[str, str]]:
    return [(name, value) for name, _, value in (word.partition("=") for word in words)]


def leave_each_place_out(scenes: Sequence[Scene]) -> dict[str, Standing]:
    """Print how often scenes of a place are called far when nothing of it is in the range; return its real net's."""
    rates, standings = {}, {}
    for place in sorted({scene.place for scene in scenes}):
        own = [scene for scene in scenes if scene.place == place]
        found = range_of(
            [scene for scene in scenes if scene.place != place], checkpoint_sha256=NOBODY, made_with="a check"
        )
        assert found is not None
        every = {scene.name: standing_of(scene, found) for scene in own}
        rates[place] = float(np.mean([standing.is_far for standing in every.values()]))
        standings[place] = next(standing for name, standing in every.items() if name.endswith("whole"))
    print(f"left out in turn: {len(scenes)} scenes of {len(rates)} places")
    for place, rate in rates.items():
        print(f"  {place:18s} {100 * rate:5.1f} % of its scenes far; whole: {told(standings[place])}")
    print(f"  called far, every place the same: {100 * np.mean(list(rates.values())):.1f} % (nominal 5 %)\n")
    return standings


def told(standing: Standing) -> str:
    return (
        f"{standing.level:8s} distance {standing.distance:.2f} (limit {standing.limit:.2f}, "
        f"farthest {standing.farthest:.2f}), percentile {standing.percentile:.0f}"
    )


def judge(heading: str, nets: dict[str, Path], scenes: Sequence[Scene]) -> dict[str, Standing]:
    """Print where networks lie in the range of the whole corpus."""
    found = range_of(scenes, checkpoint_sha256=NOBODY, made_with="a check")
    assert found is not None
    standings = {}
    if nets:
        print(heading)
    for name, net in nets.items():
        graph = load_network(str(net))
        pois, buildings = surroundings_of(graph)
        standings[name] = standing_of(city_scene(graph, pois=pois, buildings=buildings), found)
        strange = ", ".join(one.name for one in standings[name].strangest())
        print(f"  {name:18s} {told(standings[name])}; most: {strange}")
    print()
    return standings


def absurd_nets(folder: Path) -> dict[str, Path]:
    """Return nets that nobody would call a city, made by SUMO's own tools."""
    generated = {
        "10 m grid": ["--grid", "--grid.number", "40", "--grid.length", "10"],
        "120 m grid": ["--grid", "--grid.number", "12", "--grid.length", "120"],
        "spider's web": ["--spider"],
        "random net": ["--rand", "--rand.iterations", "400", "--seed", "3"],
    }
    nets = {}
    for name, options in generated.items():
        nets[name] = folder / f"{name.replace(' ', '_')}.net.xml"
        made([sumo_program("netgenerate"), *options, "-o", nets[name]])
    nets["two streets"] = plain_net(folder / "two", [(0.0, 0.0), (500.0, 0.0), (900.0, 100.0)], lanes=1, speed_ms=13.9)
    motorway = [(2_000.0 * step, 0.0) for step in range(51)]
    nets["100 km motorway"] = plain_net(folder / "motorway", motorway, lanes=3, speed_ms=36.1, kind="highway.motorway")
    for path in nets.values():
        placed_on_earth(path)
    return nets


def plain_net(
    stem: Path, points: Sequence[tuple[float, float]], *, lanes: int, speed_ms: float, kind: str = ""
) -> Path:
    """Return a net of one street after another, one way."""
    nodes = "".join(f'<node id="n{number}" x="{x}" y="{y}"/>' for number, (x, y) in enumerate(points))
    common = f'numLanes="{lanes}" speed="{speed_ms}"' + (f' type="{kind}"' if kind else "")
    edges = "".join(
        f'<edge id="e{number}" from="n{number}" to="n{number + 1}" {common}/>' for number in range(len(points) - 1)
    )
    stem.with_suffix(".nod.xml").write_text(f"<nodes>{nodes}</nodes>")
    stem.with_suffix(".edg.xml").write_text(f"<edges>{edges}</edges>")
    net = stem.with_suffix(".net.xml")
    made(
        [sumo_program("netconvert"), "-n", stem.with_suffix(".nod.xml"), "-e", stem.with_suffix(".edg.xml"), "-o", net]
    )
    return net


def made(command: Sequence[str | Path]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def placed_on_earth(net: Path) -> None:
    """Say where on earth a made net lies: networks without a place are refused."""
    text = net.read_text().replace('projParameter="!"', f'projParameter="{PROJECTION}"')
    begin = text.index('netOffset="') + len('netOffset="')
    net.write_text(f"{text[:begin]}-400000.00,-5800000.00{text[text.index(chr(34), begin) :]}")


def quality(standings: dict[str, Standing], tables: dict[str, Path]) -> None:
    """Print distance beside the quality of models that had not seen the city, and how they go together."""
    if not tables:
        return
    rows = [(place, standings[place].distance, *flow_pearsons(file)) for place, file in tables.items()]
    rows.sort(key=lambda row: row[1])
    print("distance and quality, cities left out: distance, flow r of the model, of gravity, ahead by")
    for place, distance, model, gravity in rows:
        print(f"  {place:18s} {distance:.2f}  {model:.3f}  {gravity:.3f}  {model - gravity:+.3f}")
    if len(rows) >= LEAST_CITIES:
        from scipy.stats import spearmanr

        distances = [row[1] for row in rows]
        for what, values in (
            ("flow r", [row[2] for row in rows]),
            ("gravity's flow r", [row[3] for row in rows]),
            ("ahead by", [row[2] - row[3] for row in rows]),
        ):
            found = spearmanr(distances, values)
            print(f"  distance and {what}: rho {found.statistic:+.2f}, p {found.pvalue:.2f}, {len(rows)} cities")


def flow_pearsons(file: Path) -> tuple[float, float]:
    rows: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["rows"]
    model = next(row for row in rows if row["name"].startswith("model"))
    gravity = next(row for row in rows if row["name"] == "gravity")
    return model["values"]["flow_pearson"], gravity["values"]["flow_pearson"]


if __name__ == "__main__":
    main()
