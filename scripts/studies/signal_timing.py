"""Signal retiming: search for the best cycle time of Mannerheimintie's signals, and see whether it is truly better.

Every cycle sees the same trips. The best one is then judged against today's plans on trips that the search has not
seen, because the best of many is partly luck. Usage:

    python scripts/studies/signal_timing.py --samples 10 -o studies/signals
"""

from asking import asked

import trafficdiff

STREETS = {"streets": ["Mannerheimintie"]}
SHORTEST_S, LONGEST_S = 40, 130


def main() -> None:
    options = asked(__doc__)

    def retimed(cycle_s: float) -> trafficdiff.Scenario:
        return options.base.with_measures([{"kind": "fix_signals", "where": STREETS, "cycle_s": cycle_s}])

    best = trafficdiff.optimise(
        options.base, vary=retimed, low=SHORTEST_S, high=LONGEST_S, step=5, kpi="mean_trip_time",
        trials=4 if options.small else 12, samples=options.samples, workers=options.workers, directory=options.output,
    )  # fmt: skip
    print(best.text())
    if best.verdict == "better":
        print(f"a cycle of {best.value:g} s is worth a look in the street")
    else:
        print("keep today's plans: what the search found does not hold on other days")


if __name__ == "__main__":
    main()
