"""Draw the pictures of the dashboard's pages for the documentation: ``python scripts/take_screenshots.py [FOLDER]``.

Without a folder the example study is made first, which takes some minutes. Needs Chromium.
"""

from __future__ import annotations

import argparse
import io
import json
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
PAGES = ("start", "scenario", "run", "congestion", "compare", "model")
IN_THE_DARK = ("congestion", "compare")
MOST_BYTES = 300_000


def make_example(root: Path) -> None:
    from trafficdiff.workflows.example import NAME, SAMPLES, write_example

    files = [str(root / name) for name in write_example(root)]
    command = [PROGRAM, "ensemble", *files, "--samples", str(SAMPLES), "-o", root / "studies" / NAME]
    subprocess.run(command, check=True)


def study_of(root: Path) -> dict[str, str]:
    """Return the view that shows the first study of a folder."""
    from trafficdiff.store.stack import open_study

    path = sorted((root / "studies").glob("*/study.json"))[0].parent
    study = open_study(path)
    other = next(name for name in study.scenarios if name != study.base)
    return {"study": path.relative_to(root).as_posix(), "base": study.base, "scenario": other}


def draft_of(root: Path) -> str:
    """Return the scenario file that has a measure."""
    files = sorted((root / "scenarios").glob("*.yaml"))
    return next(path for path in files if "measures:" in path.read_text()).relative_to(root).as_posix()


def small_png(picture: bytes) -> bytes:
    """Return the picture with 256 colours at most, well packed: screens of plain colours lose nothing that is seen."""
    from PIL import Image

    packed = io.BytesIO()
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(packed, "PNG", optimize=True)
    return packed.getvalue()


def take(visitor: Visitor, page: str, view: dict[str, str], *, name: str) -> None:
    visitor.open(page, **view)
    if page in {"scenario", "congestion"}:
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
        view = study_of(root)
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
                    wanted = {"draft": draft_of(root)} if page in {"scenario", "run"} else view
                    take(visitor, page, wanted, name=page if scheme == "light" else f"{page}_dark")
                context.close()
            browser.close()
            server.terminate()


if __name__ == "__main__":
    main()
