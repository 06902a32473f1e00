"""What all studies ask on the command line, the base that they begin from, and a table that some of them show."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import trafficdiff

HELSINKI = Path(__file__).parents[2] / "networks" / "helsinki" / "morning_peak.yaml"


def asked(description: str | None) -> argparse.Namespace:
    """Return the options: ``base`` (a scenario), ``samples``, ``workers`` and ``output``."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--base", type=Path, default=HELSINKI, help="a scenario file (default: Helsinki's morning peak)"
    )
    parser.add_argument("--samples", type=int, default=10, help="draws of the demand for each scenario")
    parser.add_argument("--workers", type=int, help="simulations at once (default: the processors)")
    parser.add_argument("--output", "-o", type=Path, required=True, help="the study to make, or to go on with")
    parser.add_argument("--small", action="store_true", help="few trips, few samples: to try it out, not to decide")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    options.base = trafficdiff.read_scenario(options.base)
    if options.small:
        options.base, options.samples = smaller(options.base), min(options.samples, 3)
    return options


def smaller(base: trafficdiff.Scenario) -> trafficdiff.Scenario:
    """Return a scenario with 250 trips from 7:30 on in a quarter of an hour."""
    content = base.model_dump(mode="json")
    content["demand"]["trips"] = 250
    content["window"] = {"begin_s": 27_000, "end_s": 27_900, "clear_s": 1_800}
    return trafficdiff.Scenario.model_validate(content)


def print_changed_roads(study: Path, *, scenario: str, count: int) -> None:
    """Print how many roads carry more or fewer vehicles than chance explains, and the most changed ones both ways."""
    found = trafficdiff.compare(study, scenario=scenario)
    print(f"roads whose traffic changes by more than noise: {found.counts('traversals')['edges_distinguishable']}")
    for road in [road for roads in found.largest("traversals", count=count).values() for road in roads]:
        print(f"{road['street'] or road['edge_id']}: {road['traversals_difference']:+.1f} vehicles")
