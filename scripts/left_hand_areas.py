"""Write the areas where traffic drives on the left, from Natural Earth's countries.

Usage: python scripts/left_hand_areas.py ne_10m_admin_0_countries.zip

The input is Natural Earth's "Admin 0 - Countries" at 1:10m, in the public domain (naturalearthdata.com). The
output, trafficdiff/roads/left_hand.geojson.gz, was made from version 5.1.1. Coasts are widened by 0.15 degrees,
so that harbours and bridges count; land borders with right-hand countries stay, to about 1 km.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import geopandas as gpd
import shapely

LEFT_HAND = [
    "AIA", "ATC", "ATG", "AUS", "BGD", "BHS", "BMU", "BRB", "BRN", "BTN", "BWA", "COK", "CSI", "CYM", "CYP", "DMA",
    "ESB", "FJI", "FLK", "GBR", "GGY", "GRD", "GUY", "HKG", "IDN", "IMN", "IND", "IOA", "IRL", "JAM", "JEY", "JPN",
    "KEN", "KIR", "KNA", "LCA", "LKA", "LSO", "MAC", "MDV", "MLT", "MOZ", "MSR", "MUS", "MWI", "MYS", "NAM", "NFK",
    "NIU", "NPL", "NRU", "NZL", "PAK", "PCN", "PNG", "SGP", "SGS", "SHN", "SLB", "SUR", "SWZ", "SYC", "TCA", "THA",
    "TLS", "TON", "TTO", "TUV", "TZA", "UGA", "VCT", "VGB", "VIR", "WSB", "WSM", "ZAF", "ZMB", "ZWE",
]  # fmt: skip
"""Countries and territories that drive on the left, by Natural Earth's ADM0_A3 code."""

COAST_DEG = 0.15
TOLERANCE_DEG = 0.01
OUTPUT = Path(__file__).resolve().parent.parent / "trafficdiff" / "roads" / "left_hand.geojson.gz"


def main(countries_file: str) -> None:
    """Unite the left-hand countries, widen their coasts, and write them."""
    countries = gpd.read_file(f"zip://{countries_file}")
    chosen = countries["ADM0_A3"].isin(LEFT_HAND)
    left = shapely.union_all(countries.geometry[chosen].to_numpy())
    right = shapely.union_all(countries.geometry[~chosen].to_numpy())
    area = left.buffer(COAST_DEG, quad_segs=2).difference(right).simplify(TOLERANCE_DEG)
    large = [part for part in shapely.get_parts(area) if part.area > 1e-3]
    area = shapely.set_precision(shapely.MultiPolygon(large), 0.001)
    feature = {
        "type": "Feature",
        "properties": {"name": "traffic drives on the left", "source": "Natural Earth 5.1.1, 1:10m, public domain"},
        "geometry": json.loads(shapely.to_geojson(area)),
    }
    content = json.dumps(feature, separators=(",", ":")).encode()
    with OUTPUT.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as packed:
        packed.write(content)


if __name__ == "__main__":
    main(sys.argv[1])
