"""Judge expected commuting flows of unseen areas, beside uniform, gravity and gradient-boosted trees.

    python scripts/evaluate_commuting.py COMMUTING [--model CHECKPOINT] [-o TABLE.json]

COMMUTING is the folder with ``us_commuting_train.npz``, ``us_commuting_dev.npz`` and ``columns.json``. Baselines learn
from the first file, all rows are judged on the second. Trees need scikit-learn (``pip install scikit-learn``) and are
left out where it is not installed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trafficdiff.demand.commuting import read_commuting
from trafficdiff.demand.commuting_baselines import fit_commuting_gravity, fit_commuting_trees, uniform_flows
from trafficdiff.errors import MissingDependencyError
from trafficdiff.workflows.commuting import commuting_table, judge_commuting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.scene import Scene
    from trafficdiff.workflows.commuting import CommutingRow, ExpectedFlows


def model_flows(checkpoint: Path) -> ExpectedFlows:
    """Return the function that answers with a checkpoint's expected flows of a scene: the model's one place here."""
    from trafficdiff.diffusion.batch import conditions_of
    from trafficdiff.diffusion.checkpoint import read_checkpoint
    from trafficdiff.diffusion.flows import expected_flows

    trained = read_checkpoint(checkpoint)

    def flows(scene: Scene) -> NDArray[np.float64]:
        return expected_flows(trained.members, scene, scaling=trained.scaling, conditions=conditions_of(scene))

    return flows


def learn(scenes: Sequence[Scene], *, trees: bool) -> tuple[dict[str, ExpectedFlows], dict[str, float]]:
    """Return the baselines by name, and the processor time that each needed to learn [s]."""
    fits: dict[str, Callable[[], ExpectedFlows]] = {
        "uniform": lambda: uniform_flows,
        "gravity, exponential": lambda: fit_commuting_gravity(scenes, shape="exponential"),
        "gravity, power": lambda: fit_commuting_gravity(scenes, shape="power"),
    }
    if trees:
        fits["gradient-boosted trees"] = lambda: fit_commuting_trees(scenes, generator=np.random.default_rng(0))
    models, learn_cpu_s = {}, {}
    for name, fit in fits.items():
        begin_s = time.process_time()
        try:
            models[name] = fit()
        except MissingDependencyError as error:
            print(f"{name} left out: {error}", file=sys.stderr)
            continue
        learn_cpu_s[name] = time.process_time() - begin_s
        print(f"{name}: learned in {learn_cpu_s[name]:.1f} CPU s", file=sys.stderr)
    return models, learn_cpu_s


def as_values(row: CommutingRow) -> dict[str, Any]:
    means = {
        f"{column}{'_large' * large}": vars(row.mean(column, large=bool(large)))
        for column in ("expected", "own_total", "sampled")
        for large in (0, 1)
    }
    return {"name": row.name, "learn_cpu_s": row.learn_cpu_s, "expect_cpu_s": row.expect_cpu_s, **means}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commuting", type=Path, help="folder of the commuting flows")
    parser.add_argument("--model", type=Path, action="append", default=[], help="a checkpoint to judge; repeatable")
    parser.add_argument("--no-trees", action="store_true", help="leave out the gradient-boosted trees")
    parser.add_argument("--areas", type=int, help="judge on the first areas only, for a quick look")
    parser.add_argument("--seed", type=int, default=1000, help="of the realisations")
    parser.add_argument("-o", "--output", type=Path, help="write the table as JSON, too")
    options = parser.parse_args()
    models, learn_cpu_s = learn(
        read_commuting(options.commuting / "us_commuting_train.npz"), trees=not options.no_trees
    )
    models |= {f"model {path.name}": model_flows(path) for path in options.model}
    scenes = read_commuting(options.commuting / "us_commuting_dev.npz")[: options.areas]
    rows = judge_commuting(scenes, models, learn_cpu_s=learn_cpu_s, seed=options.seed)
    print(commuting_table(rows))
    if options.output:
        options.output.write_text(json.dumps([as_values(row) for row in rows], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
