"""Build the wheel, install it in an empty environment elsewhere, run the demo and open the dashboard from there.

Usage: python scripts/check_wheel.py [--keep DIRECTORY]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
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
    check_dashboard(trafficdiff, python, directory)


def check_dashboard(trafficdiff: Path, python: Path, directory: Path) -> None:
    """Start the installed dashboard on the demo's folder; look for its answer, its pages and the map's script."""
    where = run(python, "-c", "import trafficdiff; print(trafficdiff.__path__[0])", directory=directory, capture=True)
    asset = Path(where.strip(), "map_component", "road_map.js")
    assert asset.is_file(), f"expected the map's script in the wheel, found none at {asset}"
    question = (
        "import sys; from trafficdiff.resources import bundled; sys.path.insert(0, str(bundled('dashboards').parent)); "
        "import dashboards.shell.road_map; from dashboards.shell.pages import page_names; print(*page_names())"
    )
    names = run(python, "-c", question, directory=directory, capture=True).split()
    pages = {path.stem for path in (ROOT / "dashboards" / "pages").glob("[!_]*.py")}
    assert set(names) == pages, f"expected every page to load, missing {sorted(pages - set(names))}"
    command = [trafficdiff, "serve", directory, "--port", "0", "--read-only", "--json"]
    with subprocess.Popen(command, cwd=directory, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = json.loads(server.stdout.readline())["url"]
            for path, expected in (("/_stcore/health", b"ok"), ("/", b"<html")):
                with urllib.request.urlopen(url + path, timeout=30) as answer:  # noqa: S310 - our own server
                    assert answer.status == 200, f"expected {path} to answer 200, got {answer.status}"
                    assert expected in answer.read(), f"expected {expected!r} at {path}"
        finally:
            server.terminate()
    print(f"the wheel's dashboard answers, with {len(names)} pages")


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
