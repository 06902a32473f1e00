"""Print every benchmark with its baselines, one after the other.

python scripts/bench.py           from 1,000 to 100,000 trips; about ten CPU minutes
python scripts/bench.py --full    more sizes and a real city, which needs TRAFFICDIFF_DATA
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
QUICK = (("bench_run.py",), ("bench_simulation.py",), ("bench_routing.py",), ("bench_peers.py", "--rounds", "3"))
FULL = (
    ("bench_run.py", "--full"),
    ("bench_simulation.py", "--full"),
    ("bench_routing.py", "--full"),
    ("bench_ensemble.py",),
    ("bench_drivers.py",),
    ("bench_allocation.py",),
    ("bench_peers.py",),
)


def main() -> None:
    wanted = set(sys.argv[1:])
    if wanted - {"--full"}:
        sys.exit(__doc__)
    for script, *options in FULL if "--full" in wanted else QUICK:
        print(f"\n== {script.removesuffix('.py')} ==", flush=True)
        subprocess.run([sys.executable, HERE / script, *options], check=True)


if __name__ == "__main__":
    main()
