"""Average the tables of `trafficdiff evaluate` over cities, one line a row.

    python scripts/mean_over_cities.py TABLE.json... [--columns flow_pearson cpc_od]

Rows of models are put together whatever their checkpoints are called: leaving one city out gives each city another.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

COLUMNS = ["flow_pearson", "flow_spearman", "rmse_sqrt_flow", "cpc_od", "jsd_length", "jsd_od", "geh5_used"]


def main() -> None:
    """Read the tables and print their mean."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="+", type=Path, help="JSON files that `trafficdiff evaluate -o` wrote")
    parser.add_argument("--columns", nargs="+", default=COLUMNS)
    options = parser.parse_args()
    values: dict[str, list[list[float]]] = {}
    for path in options.tables:
        for row in json.loads(path.read_text(encoding="utf-8"))["rows"]:
            name = "model" if row["name"].startswith("model:") else row["name"]
            numbers = [row["values"].get(column) for column in options.columns]
            values.setdefault(name, []).append([np.nan if number is None else number for number in numbers])
    print(f"mean over {len(options.tables)} cities: {', '.join(path.stem for path in options.tables)}\n")
    print("| | " + " | ".join(options.columns) + " |\n|---" * 1 + "|---" * len(options.columns) + "|")
    for name, rows in values.items():
        if len(rows) == len(options.tables):
            print(f"| {name} | " + " | ".join(f"{mean:.3f}" for mean in np.mean(rows, axis=0)) + " |")


if __name__ == "__main__":
    main()
