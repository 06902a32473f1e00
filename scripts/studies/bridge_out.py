"""Bridge out: close Pitkäsilta, the bridge between Kruununhaka and Hakaniemi, with and without a temporary one.

The bundled extract ends just west of the next bridge. So without a replacement the north is cut off, and the trips
across are moved or given up, and counted; half of the lanes, and a temporary bridge of one lane each way beside the old
one, are what an engineer would compare it with. Usage:

    python scripts/studies/bridge_out.py --samples 20 -o studies/bridge
"""

from asking import asked, print_changed_roads

import trafficdiff

BRIDGE = {"streets": ["Pitkäsilta"]}
CLOSED = {"kind": "close_road", "where": BRIDGE}
TEMPORARY = {
    "kind": "new_road", "id": "temporary_bridge", "street": "Temporary bridge", "speed_kmh": 30,
    "start": "297291234",  # the east end of Siltavuorenranta
    "end": "1371624247",  # the corner of John Stenbergin ranta
}  # fmt: skip
WAYS = {
    "half of the lanes": [{"kind": "close_lanes", "where": BRIDGE, "lanes": 1}],
    "temporary bridge": [CLOSED, TEMPORARY],
    "no replacement": [CLOSED],
}
SHOWN = ("trips_rerouted", "trips_moved", "trips_removed", "trips_completed", "mean_trip_time", "trip_kilometres")


def main() -> None:
    options = asked(__doc__)
    study = trafficdiff.sweep(
        options.base, vary=lambda way: options.base.with_measures(WAYS[way]), values=list(WAYS), kpis=SHOWN,
        samples=options.samples, workers=options.workers, directory=options.output,
    )  # fmt: skip
    print(study.text())
    print_changed_roads(options.output, scenario=study.values["temporary bridge"], count=5)


if __name__ == "__main__":
    main()
