"""Draw the pictures of the dashboard's pages for the documentation: ``python scripts/take_screenshots.py [FOLDER]``.

Without a folder the example study is made first, which takes some minutes. Needs Chromium.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import sync_playwright  # noqa: E402

from tests.dashboards.browsing import FLAGS, Visitor, chromium  # noqa: E402

IMAGES = ROOT / "docs" / "images"
PROGRAM = Path(sys.executable).with_name("trafficdiff")
PAGES = ("start", "scenario", "run", "congestion", "compare", "safety", "av_scenes", "charging", "model")
SPECIAL = ("charging", "safety")
"""Pages that show studies of their own, by the folder in their runs."""
WITHOUT_STUDY = ("av_scenes", "model", "scenario", "run")
"""Pages that show other things than a study."""
SLOWER = """\
base: safety.yaml
name: 20 kmh in the centre
measures:
  - kind: speed_limit
    where: { streets: [Mannerheimintie, Kaivokatu, Simonkatu, Annankatu, Kaisaniemenkatu, Unioninkatu] }
    speed_kmh: 20
"""
IN_THE_DARK = ("congestion", "compare")
MOST_BYTES = 300_000
MORE_SITES = """\
base: ev_morning.yaml
name: Two more rapid sites
measures:
  - { kind: charging_site, id: rapid_kamppi, at: [24.9370, 60.1690], plugs: 2, power_kw: 100, price_per_kwh: 0.55 }
  - { kind: charging_site, id: rapid_kluuvi, at: [24.9470, 60.1700], plugs: 2, power_kw: 100, price_per_kwh: 0.55 }
"""


def make_example(root: Path) -> None:
    from trafficdiff.workflows.example import NAME, SAMPLES, write_example

    files = [str(root / name) for name in write_example(root)]
    command = [PROGRAM, "ensemble", *files, "--samples", str(SAMPLES), "-o", root / "studies" / NAME]
    subprocess.run(command, check=True)
    make_charging(root)
    make_safety(root)
    make_scenes(root)


def make_scenes(root: Path) -> None:
    """Make edge cases of every type at night."""
    command = [PROGRAM, "scenes", "make", "all", "--network", "helsinki", "--count", "3", "--seed", "1"]
    subprocess.run([*command, "--hour", "22:27", "--fog", "30:200", "-o", root / "scenes" / "night"], check=True)


def make_safety(root: Path) -> None:
    """Simulate the safety morning, and what 20 km/h in the centre change."""
    from trafficdiff.resources import bundled

    scenarios = root / "scenarios"
    shutil.copy(bundled("networks/helsinki") / "safety.yaml", scenarios)
    (scenarios / "safety_slower.yaml").write_text(SLOWER)
    files = [scenarios / name for name in ("safety.yaml", "safety_slower.yaml")]
    subprocess.run([PROGRAM, "ensemble", *files, "--samples", "6", "-o", root / "studies" / "Safety"], check=True)


def make_charging(root: Path) -> None:
    """Simulate the electric morning, and what two more rapid sites bring."""
    from trafficdiff.resources import bundled

    scenarios = root / "scenarios"
    for name in ("ev_morning.yaml", "charging_stations.csv"):
        shutil.copy(bundled("networks/helsinki") / name, scenarios)
    (scenarios / "ev_more_sites.yaml").write_text(MORE_SITES)
    files = [scenarios / name for name in ("ev_morning.yaml", "ev_more_sites.yaml")]
    subprocess.run(
        [PROGRAM, "ensemble", *files, "--samples", "4", "-o", root / "studies" / "Electric morning"], check=True
    )


def study_of(root: Path, *, having: str = "") -> dict[str, str]:
    """Return the view that shows the first study of a folder, or the first one whose runs have a folder."""
    from trafficdiff.store.stack import open_study

    paths = [file.parent for file in sorted((root / "studies").glob("*/study.json"))]
    special = {one: {name for name in SPECIAL if any(one.glob(f"runs/*/0000/{name}"))} for one in paths}
    path = next(one for one in paths if (having in special[one] if having else not special[one]))
    study = open_study(path)
    other = next(name for name in study.scenarios if name != study.base)
    return {"study": path.relative_to(root).as_posix(), "base": study.base, "scenario": other}


def draft_of(root: Path) -> str:
    """Return the scenario file that has a measure."""
    files = sorted((root / "scenarios").glob("*.yaml"))
    return next(path for path in files if "close_road" in path.read_text()).relative_to(root).as_posix()


def small_png(picture: bytes) -> bytes:
    """Return the picture with 256 colours at most, well packed: screens of plain colours lose nothing that is seen."""
    from PIL import Image

    packed = io.BytesIO()
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(packed, "PNG", optimize=True)
    return packed.getvalue()


def take(visitor: Visitor, page: str, view: dict[str, str], *, name: str) -> None:
    visitor.open(page, **view)
    if page in {"scenario", "congestion", "charging", "safety", "av_scenes"}:
        visitor.ready_map()
        visitor.tab.evaluate("document.querySelector('[data-testid=stMain]').scrollTo(0, 0)")
    visitor.settle(quiet_ms=1500)
    packed = small_png(visitor.tab.screenshot())
    path = IMAGES / f"dashboard_{name}.png"
    path.write_bytes(packed)
    remark = "" if len(packed) <= MOST_BYTES else f"  more than {MOST_BYTES:,}"
    print(f"{path.relative_to(ROOT)}  {len(packed):,} bytes{remark}")


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="a folder that has studies and scenario files")
    parser.add_argument("--pages", nargs="*", default=PAGES)
    asked = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="screenshots-") as temporary:
        root = asked.folder.resolve() if asked.folder else Path(temporary)
        if not asked.folder:
            make_example(root)
        view = study_of(root) if set(asked.pages) - set(SPECIAL) - set(WITHOUT_STUDY) else {}
        special = {name: study_of(root, having=name) for name in SPECIAL if name in asked.pages}
        command = [PROGRAM, "serve", root, "--port", "0", "--json"]
        with (
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
            sync_playwright() as playwright,
        ):
            assert server.stdout is not None
            address = json.loads(server.stdout.readline())["url"]
            browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
            for scheme, pages in (("light", asked.pages), ("dark", [one for one in IN_THE_DARK if one in asked.pages])):
                context = browser.new_context(
                    viewport={"width": 1440, "height": 900}, color_scheme=scheme, locale="en-GB",
                    timezone_id="Europe/Helsinki", reduced_motion="reduce",
                )  # fmt: skip
                visitor = Visitor(context, address)
                for page in pages:
                    wanted = {} if page in WITHOUT_STUDY else special.get(page, view)
                    wanted = {"draft": draft_of(root)} if page in {"scenario", "run"} else wanted
                    take(visitor, page, wanted, name=page if scheme == "light" else f"{page}_dark")
                context.close()
            browser.close()
            server.terminate()


if __name__ == "__main__":
    main()
