"""Congestion charge: which price for driving into the centre, and what each one does.

The cordon is drawn round the streets south of Kaisaniemi. A price makes some drivers give up and others drive round;
how many give up follows from a declared elasticity, it is not learned. So the sweep shows what a price does if that
elasticity holds; vary it as well before a price is named. Usage:

    python scripts/studies/congestion_charge.py --samples 20 -o studies/charge
"""

from asking import asked

import trafficdiff

CORDON = {"box": [24.9380, 60.1640, 24.9535, 60.1725]}
PRICES = (1.0, 2.0, 4.0, 8.0)  # money for each trip that enters, in the currency of the value of time
SHOWN = ("trips_removed", "trips_rerouted", "trip_kilometres", "mean_trip_time", "total_co2_mass")


def main() -> None:
    options = asked(__doc__)

    def charged(price: float) -> trafficdiff.Scenario:
        charge = {"kind": "congestion_charge", "cordon": CORDON, "price": price, "elasticity": -0.5}
        return options.base.with_measures([charge])

    study = trafficdiff.sweep(
        options.base, vary=charged, values=PRICES[1::2] if options.small else PRICES, kpis=SHOWN,
        samples=options.samples, workers=options.workers, directory=options.output,
    )  # fmt: skip
    print(study.text())
    for price, changes in study.changes.items():
        lost, saved = changes["trips_removed"].mean, -changes["trip_kilometres"].mean
        print(f"price {price:g}: {lost:.0f} trips given up, {saved:.0f} km not driven")


if __name__ == "__main__":
    main()
