"""30 km/h city: lower the limit on the small streets, then on all of them, and see what it costs and what it saves.

Delay is time above free flow, and free flow itself gets slower with the limit: look at the trips' times, not at delay.
Usage:

    python scripts/studies/city_30.py --samples 20 -o studies/city-30
"""

from asking import asked

import trafficdiff

SMALL = ["residential", "unclassified"]  # OpenStreetMap's classes; another city may have living_street and service
STREETS = {
    "small streets": SMALL,
    "all but main streets": [*SMALL, "tertiary"],
    "all streets": [*SMALL, "tertiary", "secondary", "primary", "primary_link"],
}
SHOWN = ("mean_trip_time", "mean_speed", "trip_kilometres", "total_co2_mass", "trip_planning_time_index")


def main() -> None:
    options = asked(__doc__)

    def slower(streets: str) -> trafficdiff.Scenario:
        limit = {"kind": "speed_limit", "where": {"classes": STREETS[streets]}, "speed_kmh": 30, "only_lower": True}
        return options.base.with_measures([limit])

    study = trafficdiff.sweep(
        options.base, vary=slower, values=list(STREETS), kpis=SHOWN,
        samples=options.samples, workers=options.workers, directory=options.output,
    )  # fmt: skip
    print(study.text())
    for streets, changes in study.changes.items():
        share = changes["mean_trip_time"].times(100 / study.base["mean_trip_time"].mean)
        print(f"30 km/h on {streets}: trips take {share.text(1)} % longer")


if __name__ == "__main__":
    main()
