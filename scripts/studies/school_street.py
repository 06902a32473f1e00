"""School street: close the street at a school to cars while the children arrive.

Siltavuorenpenger passes the lower secondary school of Kruununhaka. It is closed to all but buses and bicycles, for the
half hour before school begins or all morning. Who would drive through looks for another way; a trip that begins or ends
there is moved to the next street, and counted. Usage:

    python scripts/studies/school_street.py --samples 20 -o studies/school
"""

from asking import asked, print_changed_roads

import trafficdiff

STREET = {"streets": ["Siltavuorenpenger"]}
DURING = {"half past seven": {"begin_s": 27_000, "end_s": 28_800}, "all morning": None}
SHOWN = ("trips_rerouted", "trips_moved", "trips_removed", "mean_trip_time", "trip_kilometres")


def main() -> None:
    options = asked(__doc__)

    def closed(when: str) -> trafficdiff.Scenario:
        street = {"kind": "close_road", "where": STREET, "open_to": ["bus", "bicycle"], "during": DURING[when]}
        return options.base.with_measures([street])

    study = trafficdiff.sweep(
        options.base, vary=closed, values=list(DURING), kpis=SHOWN,
        samples=options.samples, workers=options.workers, directory=options.output,
    )  # fmt: skip
    print(study.text())
    print_changed_roads(options.output, scenario=study.values["all morning"], count=4)


if __name__ == "__main__":
    main()
