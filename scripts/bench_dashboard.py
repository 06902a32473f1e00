"""Measure the dashboard beside its goals, and beside Streamlit's own pydeck map: ``python scripts/bench_dashboard.py``.

5,040 edges, 1,000 vehicles x 121 steps: bytes that reach the browser at first and for a rerun, time until the first map
is drawn in a fresh headless Chromium with software rendering, time of the handler of the time slider. Then a study of
100 runs over the same roads: how long until it is open and its first comparison is there, and the peak memory. Bytes
are counted by the browser itself (Chrome DevTools protocol): payloads of WebSocket frames, bodies of HTTP as sent.

CPU seconds stand beside wall seconds: a machine may be busy.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.dashboards.browsing import FLAGS, chromium  # noqa: E402

GOALS = {
    "first bytes": 2.5e6,
    "rerun bytes": 10e3,
    "first map [s]": 8.0,
    "slider handler [ms]": 50.0,
    "study open [s]": 3.0,
    "peak memory [bytes]": 1e9,
}
_DRAWN = {"ours": ".tdm[data-ready]", "pydeck": "#deckgl-overlay, .stDeckGlJsonChart canvas"}
_HANDLER = """
slider => {
  const [low, high] = [Number(slider.min), Number(slider.max)];
  return [...Array(41).keys()].map(step => {
    slider.value = low + (high - low) * ((step * 17) % 41) / 40;
    const begun = performance.now();
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    return performance.now() - begun;
  });
}
"""


@contextmanager
def page_served(net: Path, way: str) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "streamlit", "run", ROOT / "scripts" / "bench_dashboard_page.py",
               "--server.address", "127.0.0.1", "--server.port", str(port), "--server.headless", "true",
               "--server.fileWatcherType", "none", "--browser.gatherUsageStats", "false", "--", net, way]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            while process.poll() is None:
                with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(f"{address}/_stcore/health"):  # noqa: S310
                    break
                time.sleep(0.2)
            yield address
        finally:
            process.terminate()


def measure_map(net: Path, way: str) -> dict[str, float]:
    """Open the page twice: once for the server to make its data, then with a fresh browser, which is measured."""
    from playwright.sync_api import sync_playwright

    with page_served(net, way) as address, sync_playwright() as playwright:
        found: dict[str, float] = {}
        for _ in range(2):
            browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
            context = browser.new_context(viewport={"width": 1280, "height": 960})
            tab = context.new_page()
            tab.set_default_timeout(120_000)
            counted = {"frames": 0, "http": 0, "map code": 0}
            _count(context.new_cdp_session(tab), counted)
            begun = time.monotonic()
            tab.goto(address)
            tab.locator(_DRAWN[way]).first.wait_for(state="attached")
            found["first map [s]"] = time.monotonic() - begun
            tab.get_by_text("shows change").wait_for()
            tab.wait_for_timeout(4_000)
            found["first bytes"] = counted["frames"] + counted["map code"]
            found["all HTTP bytes"] = counted["http"]
            before = counted["frames"] + counted["http"]
            if way == "pydeck":
                tab.get_by_role("slider").press("ArrowRight")
            else:
                tab.get_by_text("speed", exact=True).click()
                tab.get_by_text("shows speed").wait_for()
            tab.wait_for_timeout(4_000)
            found["rerun bytes"] = counted["frames"] + counted["http"] - before
            if way == "ours":
                tab.get_by_text("change", exact=True).click()
                tab.get_by_text("shows change").wait_for()
                before = counted["frames"]
                times = tab.locator(".tdm input[type=range]").evaluate(_HANDLER)
                tab.wait_for_timeout(2_000)
                found["slider handler [ms]"] = statistics.median(times)
                found["slider handler, worst [ms]"] = max(times)
                found["slider bytes"] = counted["frames"] - before
            browser.close()
    return found


def _count(session: Any, counted: dict[str, int]) -> None:
    """Add up what reaches the browser."""
    code: set[str] = set()
    session.send("Network.enable")

    def framed(event: dict[str, Any]) -> None:
        data, is_text = event["response"]["payloadData"], event["response"]["opcode"] == 1
        counted["frames"] += len(data) if is_text else len(data) * 3 // 4

    def answered(event: dict[str, Any]) -> None:
        if "road_map" in event["response"]["url"]:
            code.add(event["requestId"])

    def ended(event: dict[str, Any]) -> None:
        counted["http"] += int(event["encodedDataLength"])
        counted["map code"] += int(event["encodedDataLength"]) if event["requestId"] in code else 0

    session.on("Network.webSocketFrameReceived", framed)
    session.on("Network.responseReceived", answered)
    session.on("Network.loadingFinished", ended)


_OPEN = """
import json, resource, sys, time
from trafficdiff.store.stack import open_study
from trafficdiff.workflows.compare import compare_numbers, pair_of
import xarray, zarr
begun = time.monotonic(), time.process_time()
study = open_study(sys.argv[1])
study.results
opened = time.monotonic(), time.process_time()
compare_numbers(study, pair_of(study, scenario="bridge"))
compared = time.monotonic(), time.process_time()
level = study.results["delay"].sel(scenario="bridge").mean("sample").load()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"study open [s]": opened[0] - begun[0], "study open [CPU s]": opened[1] - begun[1],
                  "and compared [s]": compared[0] - begun[0], "and compared [CPU s]": compared[1] - begun[1],
                  "peak memory [bytes]": peak}))
"""


def measure_study(folder: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", _OPEN, folder], capture_output=True, text=True, check=True, cwd=ROOT, env=os.environ
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def show(title: str, found: dict[str, float], *, judged: bool) -> bool:
    print(f"\n{title}")
    fine = True
    for name, value in found.items():
        goal = GOALS.get(name) if judged else None
        met = goal is None or value <= goal
        fine &= met
        verdict = "" if goal is None else f"   goal {goal:>13,.0f}   {'met' if met else 'MISSED'}"
        print(f"  {name:<28}{value:>15,.{0 if value >= 1000 else 2}f}{verdict}")
    return fine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=["all", "map", "study"], default="all")
    part = parser.parse_args().part
    fine = True
    with tempfile.TemporaryDirectory(prefix="bench-dashboard-") as temporary:
        from scripts.bench_dashboard_city import write_roads, write_study

        net = write_roads(Path(temporary))
        if part != "study":
            if chromium() is None:
                sys.exit("needs Chromium; on Debian and Ubuntu: apt-get install chromium")
            fine &= show("The dashboard's own map", measure_map(net, "ours"), judged=True)
            show("Baseline: st.pydeck_chart, map_provider=None", measure_map(net, "pydeck"), judged=False)
        if part != "map":
            write_study(folder := Path(temporary) / "study", net)
            fine &= show("A study of 100 runs", measure_study(folder), judged=True)
    sys.exit(0 if fine else 4)


if __name__ == "__main__":
    main()
