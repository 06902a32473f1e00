"""The map in a real browser: what a click selects, what time and views show, what travels and what does not."""

from __future__ import annotations

import contextlib
import math
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.dashboards.browsing import Visitor
from tests.dashboards.map_page import EVIL, corner, roads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Locator

pytestmark = pytest.mark.browser

MAP = "[data-map=map]"
RERUN_BYTES = 10_000


@pytest.fixture(scope="module")
def map_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where Streamlit serves the page of the map alone."""
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    page = Path(__file__).with_name("map_page.py")
    options = ["--server.port", str(port), "--server.headless", "true", "--server.address", "127.0.0.1"]
    options += ["--browser.gatherUsageStats", "false", "--server.fileWatcherType", "none"]
    log = tmp_path_factory.mktemp("map_page") / "log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", page, *options], stdout=file, stderr=subprocess.STDOUT
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(240):
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.25)
    raise AssertionError(log.read_text())


class MapVisitor(Visitor):
    """Somebody who looks at the page of the map alone."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        super().__init__(context, address)
        self.received = 0
        self.tab.on("websocket", lambda socket: socket.on("framereceived", self._count))

    def _count(self, frame: Any) -> None:
        self.received += len(frame if isinstance(frame, bytes | str) else frame.payload)

    def look_at_map(self, query: str = "") -> None:
        """Open the page and wait for the map."""
        self.tab.goto(f"{self.address}/{query}")
        self.tab.locator(f"{MAP}[data-ready=true]").wait_for()
        self.tab.locator("code", has_text="more").wait_for()
        self.tab.wait_for_timeout(600)

    def part(self, name: str) -> Locator:
        """Return a part of the map."""
        return self.tab.locator(f"{MAP} {name}")

    def said(self, name: str) -> str:
        """Return what the page says behind a word."""
        return self.tab.locator("code", has_text=name).first.inner_text().removeprefix(name).strip()

    @property
    def runs(self) -> int:
        """How often the page ran."""
        return int(self.said("runs"))

    @contextlib.contextmanager
    def one_run(self) -> Iterator[None]:
        """Wait for the run that the block asks for; the page counts at its end."""
        count = self.runs + 1
        yield
        self.tab.locator("code", has_text=re.compile(f"^runs {count}$")).wait_for()
        self.tab.wait_for_timeout(200)

    def rest(self) -> None:
        """Bring the map back to how it is at first."""
        if not self.tab.get_by_role("radio", name="delay").is_checked():
            with self.one_run():
                self.tab.get_by_text("delay", exact=True).click()
        if self.tab.locator(MAP).get_attribute("data-state") == "split":
            self.part(".split").click()
        if self.part(".clear").is_enabled():
            with self.one_run():
                self.part(".clear").click()
        self.part("[data-mode=click]").click()
        self.part("input[type=range]").fill("25200")
        self.part("[aria-label='Show the whole map']").click()
        self.seen()

    def place_of(self, lon: float, lat: float) -> tuple[float, float]:
        """Return where a place is seen [px of the tab]."""
        box = self.part(".surface").bounding_box()
        assert box is not None
        position = str(self.tab.locator(MAP).get_attribute("data-position"))
        middle_lon, middle_lat, zoom = map(float, position.split(","))
        world_px = 512 * 2**zoom
        x, y = np.subtract(_mercator(lon, lat), _mercator(middle_lon, middle_lat)) * world_px
        return box["x"] + box["width"] / 2 + x, box["y"] + box["height"] / 2 + y

    def middle_of(self, edge: str, *, beside_px: float = 0) -> tuple[float, float]:
        """Return the middle of an edge [px], moved to the right of its direction."""
        a, b = (self.place_of(*corner(int(end[0]), int(end[1]))) for end in edge.split("to"))
        along = np.subtract(b, a) / math.dist(a, b)
        x, y = np.add(a, b) / 2 + beside_px * np.array([-along[1], along[0]])
        return float(x), float(y)

    def seen(self) -> np.ndarray[Any, Any]:
        """Return what is seen of the map once it stands still."""
        self.tab.mouse.move(2, 2)
        self.tab.wait_for_timeout(500)
        return self.pixels(self.part(".surface"))


def _mercator(lon: float, lat: float) -> tuple[float, float]:
    return lon / 360 + 0.5, 0.5 - math.asinh(math.tan(math.radians(lat))) / (2 * math.pi)


@pytest.fixture(scope="module")
def tab(browser: Browser, map_address: str) -> Iterator[MapVisitor]:
    """One tab for all tests; fails at the end where a request left the machine or a script failed."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB", reduced_motion="reduce")
    made = MapVisitor(context, map_address)
    made.look_at_map()
    yield made
    assert made.left_the_machine == []
    assert made.script_errors == []
    context.close()


@pytest.fixture
def viewer(tab: MapVisitor) -> MapVisitor:
    """Somebody before the map as it is at first."""
    tab.rest()
    return tab


def test_a_click_selects_the_direction_that_is_under_it(viewer: MapVisitor) -> None:
    for edge in ("11to21", "21to11", "12to13", "13to12"):
        with viewer.one_run():
            viewer.tab.mouse.click(*viewer.middle_of(edge, beside_px=2))
        assert viewer.said("selected") == edge


def test_shift_adds_and_takes_away_and_escape_clears(viewer: MapVisitor) -> None:
    with viewer.one_run():
        viewer.tab.mouse.click(*viewer.middle_of("11to21", beside_px=2))
    viewer.tab.keyboard.down("Shift")
    with viewer.one_run():
        viewer.tab.mouse.click(*viewer.middle_of("12to13", beside_px=2))
    assert set(viewer.said("selected").split()) == {"11to21", "12to13"}
    with viewer.one_run():
        viewer.tab.mouse.click(*viewer.middle_of("11to21", beside_px=2))
    viewer.tab.keyboard.up("Shift")
    assert viewer.said("selected") == "12to13"
    with viewer.one_run():
        viewer.tab.keyboard.press("Escape")
    assert viewer.said("selected") == ""


def test_a_rectangle_selects_the_roads_whose_middle_it_holds(viewer: MapVisitor) -> None:
    viewer.part("[data-mode=box]").click()
    (left, top), (right, bottom) = viewer.place_of(*corner(1, 2)), viewer.place_of(*corner(2, 1))
    viewer.tab.mouse.move(left - 12, top - 12)
    viewer.tab.mouse.down()
    viewer.tab.mouse.move(right, bottom, steps=4)
    viewer.tab.mouse.move(right + 12, bottom + 12)
    with viewer.one_run():
        viewer.tab.mouse.up()
    block = {"11to21", "21to11", "12to22", "22to12", "11to12", "12to11", "21to22", "22to21"}
    assert set(viewer.said("selected").split()) == block


def test_a_polygon_selects_and_stops_at_the_most_that_the_page_wants(viewer: MapVisitor) -> None:
    viewer.part("[data-mode=polygon]").click()
    corners = [viewer.place_of(*corner(column, row)) for column, row in ((0, 0), (3, 0), (3, 3), (0, 3))]
    outside = [np.add(place, move) for place, move in zip(corners, ((-9, 9), (9, 9), (9, -9), (-9, -9)), strict=True)]
    for x, y in outside[:3]:
        viewer.tab.mouse.click(x, y)
        viewer.tab.wait_for_timeout(400)
    with viewer.one_run():
        viewer.tab.mouse.dblclick(*outside[3])
    assert len(viewer.said("selected").split()) == 10
    assert viewer.said("more") == str(len(roads().ids) - 10)


def test_the_page_can_select(viewer: MapVisitor) -> None:
    before = viewer.seen()
    with viewer.one_run():
        viewer.tab.get_by_role("button", name="select the first").click()
    assert (viewer.seen() != before).any(axis=2).sum() > 100


def test_hovering_tells_name_value_and_interval_and_names_stay_text(viewer: MapVisitor) -> None:
    viewer.tab.mouse.move(*viewer.middle_of("10to20", beside_px=2))
    tip = viewer.part(".tip")
    tip.wait_for()
    edge = roads().ids.index("10to20")
    value = 100 * edge / (len(roads().ids) - 1)
    assert tip.inner_text().splitlines()[:2] == [EVIL, f"{value:.0f} s"]
    assert f"{value - 5:.0f} to {value + 5:.0f} s" in tip.inner_text()
    assert "taken over" not in viewer.tab.title()
    assert tip.locator("img").count() == 0


def test_time_changes_colours_and_widths_without_a_run(viewer: MapVisitor) -> None:
    first, runs, received = viewer.seen(), viewer.runs, viewer.received
    viewer.part("input[type=range]").fill("26500")
    second = viewer.seen()
    assert (first != second).any(axis=2).mean() > 0.005
    assert viewer.runs == runs
    assert viewer.received == received


def test_play_moves_time_and_the_vehicle(viewer: MapVisitor) -> None:
    x, y = viewer.place_of(*corner(0, 3))
    box = viewer.part(".surface").bounding_box()
    assert box is not None
    here = np.s_[int(y - box["y"]) - 4 : int(y - box["y"]) + 4, int(x - box["x"]) - 4 : int(x - box["x"]) + 4]
    first, slider = viewer.seen()[here], viewer.part("input[type=range]")
    viewer.part(".play").click()
    for _ in range(100):
        viewer.tab.wait_for_timeout(100)
        if slider.input_value() != "25200":
            break
    viewer.part(".play").click()
    assert float(slider.input_value()) > 25_200
    assert (viewer.seen()[here] != first).any()


def test_the_split_view_shows_both_and_the_divider_moves(viewer: MapVisitor) -> None:
    one, runs = viewer.seen(), viewer.runs
    viewer.part(".split").click()
    both = viewer.seen()
    surface, divider = viewer.part(".surface").bounding_box(), viewer.part(".divider").bounding_box()
    assert surface is not None
    assert divider is not None
    middle = int(divider["x"] + divider["width"] / 2 - surface["x"])
    assert (
        abs(
            divider["x"]
            + divider["width"] / 2
            - (viewer.place_of(*corner(0, 0))[0] + viewer.place_of(*corner(3, 0))[0]) / 2
        )
        < 2
    )
    changed = (one != both).any(axis=2)
    assert changed[:, : middle - 20].sum() > 5 * max(int(changed[:, middle + 20 :].sum()), 1) > 0
    viewer.part(".divider").focus()
    for _ in range(4):
        viewer.tab.keyboard.press("ArrowRight")
    moved = viewer.seen()
    assert (moved != both).any(axis=2)[:, middle + 30 : middle + 130].sum() > 50
    assert viewer.runs == runs


def test_before_shows_while_it_is_held(viewer: MapVisitor) -> None:
    usual = viewer.seen()
    box = viewer.part(".before button").bounding_box()
    assert box is not None
    viewer.tab.mouse.move(box["x"] + 20, box["y"] + 10)
    viewer.tab.mouse.down()
    viewer.tab.wait_for_timeout(500)
    held = viewer.pixels(viewer.part(".surface"))
    viewer.tab.mouse.up()
    assert (held != usual).any(axis=2).mean() > 0.005
    assert (viewer.seen() != usual).any(axis=2).mean() < 0.001


def test_a_change_within_chance_is_grey(viewer: MapVisitor) -> None:
    with viewer.one_run():
        viewer.tab.get_by_text("change", exact=True).click()
    picture = viewer.seen()
    box = viewer.part(".surface").bounding_box()
    assert box is not None
    ids = roads().ids
    colourful = []
    for edge in (ids[2], ids[-2]):
        x, y = viewer.middle_of(edge)
        around = picture[int(y - box["y"]) - 5 : int(y - box["y"]) + 6, int(x - box["x"]) - 5 : int(x - box["x"]) + 6]
        colourful.append(int((around.max(axis=2) - around.min(axis=2)).max()))
    assert colourful[0] > 60
    assert colourful[1] < 40


def test_keys_move_zoom_and_step(viewer: MapVisitor) -> None:
    def position() -> list[float]:
        viewer.tab.wait_for_timeout(700)
        return [float(part) for part in str(viewer.tab.locator(MAP).get_attribute("data-position")).split(",")]

    viewer.part(".surface").focus()
    lon, lat, zoom = position()
    viewer.tab.keyboard.press("ArrowRight")
    viewer.tab.keyboard.press("ArrowUp")
    moved = position()
    assert moved[0] > lon
    assert moved[1] > lat
    viewer.tab.keyboard.press("+")
    assert position()[2] == pytest.approx(zoom + 0.5, abs=1e-3)
    before = viewer.part(".now").inner_text()
    viewer.tab.keyboard.press("]")
    viewer.tab.wait_for_timeout(200)
    assert viewer.part(".now").inner_text() != before


def test_panning_changes_the_url_without_a_run_and_a_reload_comes_back(viewer: MapVisitor) -> None:
    runs = viewer.runs
    viewer.part(".surface").focus()
    viewer.tab.keyboard.press("ArrowRight")
    viewer.tab.wait_for_function("() => new URL(location.href).searchParams.has('map')")
    assert viewer.runs == runs
    before = viewer.tab.locator(MAP).get_attribute("data-position")
    viewer.tab.reload()
    viewer.tab.locator(f"{MAP}[data-ready=true]").wait_for()
    viewer.tab.wait_for_timeout(600)
    after = viewer.tab.locator(MAP).get_attribute("data-position")
    assert np.allclose(*[[float(part) for part in str(text).split(",")] for text in (before, after)], atol=0.006)


def test_a_run_keeps_view_and_time_and_sends_little(viewer: MapVisitor) -> None:
    viewer.part(".surface").focus()
    viewer.tab.keyboard.press("ArrowRight")
    viewer.part("input[type=range]").fill("26500")
    viewer.tab.wait_for_timeout(800)
    position = viewer.tab.locator(MAP).get_attribute("data-position")
    time_s = viewer.part("input[type=range]").input_value()
    received = viewer.received
    with viewer.one_run():
        viewer.tab.get_by_text("change", exact=True).click()
    viewer.tab.wait_for_timeout(600)
    assert viewer.received - received < RERUN_BYTES
    assert viewer.tab.locator(MAP).get_attribute("data-position") == position
    assert viewer.part("input[type=range]").input_value() == time_s


def test_a_map_whose_graphics_memory_was_taken_away_is_drawn_again(viewer: MapVisitor) -> None:
    usual = viewer.seen()
    viewer.part("canvas.gl").evaluate(
        "canvas => canvas.getContext('webgl2').getExtension('WEBGL_lose_context').loseContext()"
    )
    for _ in range(30):
        viewer.tab.wait_for_timeout(200)
        if (viewer.seen() != usual).any(axis=2).mean() < 0.001:
            break
    assert (viewer.seen() != usual).any(axis=2).mean() < 0.001


def test_the_city_lies_beside_the_legend_where_there_is_room(viewer: MapVisitor) -> None:
    legend = viewer.part(".legend").bounding_box()
    assert legend is not None
    west = viewer.place_of(*corner(0, 0))[0]
    assert west > legend["x"] + legend["width"]


def test_the_credit_and_the_legend_are_text(viewer: MapVisitor) -> None:
    assert "© OpenStreetMap contributors" in viewer.part(".credit").inner_text()
    legend = viewer.part(".legend").inner_text()
    for text in ("Delay [s]", "100", "Closed", "Posts"):
        assert text in legend


def test_every_button_says_what_it_does(viewer: MapVisitor) -> None:
    names = viewer.tab.locator(f"{MAP} button, {MAP} input, {MAP} select").evaluate_all(
        "all => all.map(one => one.getAttribute('aria-label') || one.textContent.trim())"
    )
    assert len(names) > 12
    assert all(names)


@pytest.mark.parametrize("look", [{"color_scheme": "dark"}], indirect=True, ids=["dark"])
def test_the_ground_is_dark_on_a_dark_page(context: BrowserContext, map_address: str) -> None:
    viewer = MapVisitor(context, map_address)
    viewer.look_at_map()
    assert np.median(viewer.seen()) < 60
    assert viewer.script_errors == []
