"""Build the wheel, install it in an empty environment elsewhere, and run the demo from there.

Usage: python scripts/check_wheel.py [--keep DIRECTORY]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def run(*command: str | Path, directory: Path, capture: bool = False) -> str:
    """Run a command outside the checkout, without this environment's Python paths."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    print("$", *command, flush=True)
    finished = subprocess.run(
        [str(part) for part in command], cwd=directory, env=environment, check=True, text=True,
        stdout=subprocess.PIPE if capture else None,
    )  # fmt: skip
    return finished.stdout or ""


def check(directory: Path) -> None:
    run(sys.executable, "-m", "build", "--wheel", "--outdir", directory / "dist", ROOT, directory=directory)
    (wheel,) = (directory / "dist").glob("*.whl")
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB")
    run(sys.executable, "-m", "venv", directory / "environment", directory=directory)
    python = directory / "environment" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-c", ROOT / "constraints.txt", wheel,
        directory=directory)  # fmt: skip
    place = run(python, "-c", "import trafficdiff; print(trafficdiff.__file__)", directory=directory, capture=True)
    assert str(ROOT) not in place, f"expected the installed package, got the checkout: {place}"
    trafficdiff = directory / "environment" / "bin" / "trafficdiff"
    run(trafficdiff, "doctor", directory=directory)
    said = json.loads(run(trafficdiff, "demo", "--json", "-o", "demo", directory=directory, capture=True))
    assert Path(directory, "demo", "manifest.json").exists(), "expected a complete run directory"
    print(json.dumps({key: said[key] for key in ("run_id", "result_hash")}))
    print("the wheel runs the demo outside the checkout")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="work here and leave everything behind")
    keep = parser.parse_args().keep
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
        check(keep.resolve())
    else:
        with tempfile.TemporaryDirectory(prefix="trafficdiff-wheel-") as folder:
            check(Path(folder))


if __name__ == "__main__":
    main()
