"""What a visitor does in a browser: open a page, wait until it stands still, click on a road."""

from __future__ import annotations

import io
import shutil
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import numpy as np

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page, Request

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE_MS = 60_000
_HERE = {"127.0.0.1", "localhost"}
_INSIDE = {"data", "blob", "about", "chrome-error", "file"}
_STILL = """
() => {
  const app = document.querySelector('[data-testid="stApp"]');
  if (!app || app.dataset.testScriptState !== 'notRunning') return false;
  if (app.dataset.testConnectionState && app.dataset.testConnectionState !== 'CONNECTED') return false;
  if (!document.querySelector('[data-testid="stMain"] hr')) return false;  // the footer comes last
  return !document.querySelector('[data-testid="stSkeleton"], [data-testid="stAppSkeleton"], [data-stale="true"]');
}
"""


def chromium() -> str | None:
    """Return the Chromium that is installed."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Visitor:
    """One tab of one visitor, with all that its browser asked for."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.address = address
        self.asked: list[str] = []
        self.left_the_machine: list[str] = []
        self.script_errors: list[str] = []
        context.on("request", self._noted)
        self.tab: Page = context.new_page()
        self.tab.set_default_timeout(PATIENCE_MS)
        self.tab.on("pageerror", lambda error: self.script_errors.append(str(error)))
        self.tab.on("websocket", lambda socket: self._noted_url(socket.url))

    def _noted(self, request: Request) -> None:
        self._noted_url(request.url)

    def _noted_url(self, url: str) -> None:
        self.asked.append(url)
        parts = urlsplit(url)
        if parts.scheme not in _INSIDE and parts.hostname not in _HERE:
            self.left_the_machine.append(url)

    def open(self, page: str = "", **view: str) -> None:
        """Open a page with a view in the URL and wait until it stands still."""
        query = f"?{urlencode(view)}" if view else ""
        place = "" if page == "start" else page  # the first page has the plain address
        self.tab.goto(f"{self.address}/{place}{query}")
        self.tab.locator('[data-testid="stMain"]').wait_for()
        self.settle()

    def settle(self, *, quiet_ms: int = 400) -> None:
        """Wait until the page stands still for a moment."""
        for _ in range(2):
            self.tab.wait_for_function(_STILL)
            self.tab.wait_for_timeout(quiet_ms)
        self.tab.wait_for_function(_STILL)

    @property
    def view(self) -> dict[str, str]:
        """What the URL says."""
        return {key: values[0] for key, values in parse_qs(urlsplit(self.tab.url).query).items()}

    def wait_for_view(self, key: str) -> None:
        """Wait until the URL says something, and the page stands still."""
        self.tab.wait_for_function("key => new URLSearchParams(location.search).has(key)", arg=key)
        self.settle()

    @property
    def words(self) -> str:
        """All text of the page."""
        return self.tab.locator('[data-testid="stMain"]').inner_text()

    def assert_sound(self) -> None:
        """Fail where the page shows an exception, or nothing."""
        assert self.tab.locator('[data-testid="stException"]').count() == 0, self.words
        assert "Traceback" not in self.words
        assert self.tab.get_by_role("dialog").count() == 0, self.tab.get_by_role("dialog").first.inner_text()
        assert len(self.words.strip()) > 80, self.words

    def ready_map(self) -> Locator:
        """Wait until the map is drawn and return it."""
        self.tab.wait_for_function(
            "() => [...document.querySelectorAll('*')].some(one => one.shadowRoot?.querySelector('.tdm[data-ready]'))"
            " || document.querySelector('.tdm[data-ready]')"
        )
        found = self.tab.locator(".tdm").first
        found.scroll_into_view_if_needed()
        return found

    def pixels(self, place: Locator) -> np.ndarray[Any, Any]:
        """Return what is seen at a place, shape (height, width, 3), 0-255."""
        from PIL import Image

        return np.asarray(Image.open(io.BytesIO(place.screenshot())).convert("RGB")).astype(int)
