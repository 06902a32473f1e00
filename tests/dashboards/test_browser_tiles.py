"""Map pictures of a server are fetched where the person who serves asked for them, and nowhere else."""

from __future__ import annotations

import io
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar

import pytest

from tests.dashboards.browsing import Visitor
from tests.dashboards.conftest import served
from tests.dashboards.workplace import STUDY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import BrowserContext

pytestmark = [pytest.mark.browser, pytest.mark.sumo, pytest.mark.slow]

RED = (200, 30, 40)


class _Tiles(BaseHTTPRequestHandler):
    """Answers every request with a red picture."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        from PIL import Image

        self.asked.append(self.path)
        picture = io.BytesIO()
        Image.new("RGB", (256, 256), RED).save(picture, "PNG")
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(picture.getvalue())

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture
def tiles() -> Iterator[str]:
    """A server of map pictures on this machine."""
    _Tiles.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Tiles) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def red_share(visitor: Visitor) -> float:
    """Return how much of the map is as red as the pictures."""
    visitor.tab.wait_for_timeout(1500)
    seen = visitor.pixels(visitor.ready_map().locator(".surface"))
    return float((abs(seen - RED) < 12).all(axis=2).mean())


def test_pictures_come_only_where_they_were_asked_for(context: BrowserContext, workplace: Path, tiles: str) -> None:
    with served(workplace) as address:
        visitor = Visitor(context, address)
        visitor.open("congestion", study=STUDY)
        assert red_share(visitor) < 0.01
        assert _Tiles.asked == []
        visitor.tab.close()
    options = ("--tiles", f"{tiles}/{{z}}/{{x}}/{{y}}.png", "--tiles-credit", "Tiles of this test")
    with served(workplace, *options) as address:
        visitor = Visitor(context, address)
        visitor.open("congestion", study=STUDY)
        assert red_share(visitor) > 0.3
        assert _Tiles.asked
        assert all(path.endswith(".png") and path.count("/") == 3 for path in _Tiles.asked)
        assert "Tiles of this test" in visitor.ready_map().locator(".credit").inner_text()
        assert visitor.script_errors == []
