"""Place names: a real exchange with a server on this machine, and a clear word when there is none."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from tests.roads.mini_osm import HELSINKI, osm_text
from trafficdiff.errors import NetworkError
from trafficdiff.roads.online import fetch_place
from trafficdiff.roads.screen import screen_source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LON, LAT = HELSINKI


class _OpenStreetMap(BaseHTTPRequestHandler):
    """Answer like Nominatim (GET) and Overpass (POST)."""

    size_deg = 0.02
    known = True
    asked: list[str] = []  # noqa: RUF012

    def do_GET(self) -> None:
        east, north = LON + self.size_deg, LAT + self.size_deg
        ring = [[LON, LAT], [east, LAT], [east, north], [LON, north], [LON, LAT]]
        found = {
            "lat": LAT, "lon": LON, "boundingbox": [LAT, north, LON, east], "importance": 1, "name": "Mini",
            "geojson": {"type": "Polygon", "coordinates": [ring]},
        }  # fmt: skip
        self._answer(json.dumps([found] if self.known else []), "application/json")

    def do_POST(self) -> None:
        self.asked.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self._answer(osm_text(), "text/xml")

    def _answer(self, text: str, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay quiet."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_OpenStreetMap]]:
    """A server on the loopback address that OSMnx is pointed to."""
    handler = type("Handler", (_OpenStreetMap,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        _point_osmnx_to(f"http://127.0.0.1:{running.server_address[1]}", monkeypatch)
        yield handler
        running.shutdown()


def _point_osmnx_to(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import osmnx

    monkeypatch.setattr(osmnx.settings, "nominatim_url", f"{address}/")
    monkeypatch.setattr(osmnx.settings, "overpass_url", f"{address}/api")
    monkeypatch.setattr(osmnx.settings, "doh_url_template", None)
    monkeypatch.setattr("osmnx._nominatim.time", SimpleNamespace(sleep=lambda _: None))  # its manners to a real server


def test_place_is_downloaded_with_its_boundary(
    server: type[_OpenStreetMap], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    area = fetch_place("Mini, Finland", file=tmp_path / "mini.osm")
    assert area.bounds == pytest.approx((LON, LAT, LON + 0.02, LAT + 0.02))
    assert screen_source(tmp_path / "mini.osm").kind == "osm_xml"
    assert "restriction" in server.asked[0]
    assert [path.name for path in tmp_path.iterdir()] == ["mini.osm"]  # OSMnx left no cache behind


def test_unknown_place_is_named(server: type[_OpenStreetMap], tmp_path: Path) -> None:
    server.known = False
    with pytest.raises(NetworkError, match=r"Atlantis: expected the name of a place with a boundary"):
        fetch_place("Atlantis", file=tmp_path / "a.osm")


def test_country_is_too_large(server: type[_OpenStreetMap], tmp_path: Path) -> None:
    server.size_deg = 5.0
    with pytest.raises(NetworkError, match="at most 2,500 km2"):
        fetch_place("Finland", file=tmp_path / "a.osm")
    assert not (tmp_path / "a.osm").exists()


def test_no_internet_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _point_osmnx_to("http://127.0.0.1:9", monkeypatch)
    with pytest.raises(NetworkError, match="needs the internet: give an OSM file") as caught:
        fetch_place("Kotka, Finland", file=tmp_path / "a.osm")
    message = str(caught.value)
    assert message.startswith(
        "Kotka, Finland: expected a file, a folder, a city that travels with the package (helsinki)"
    )
    assert "got no connection;" in message
    assert not any(word in message for word in ("HTTPConnectionPool", "Errno", "\n", "urllib3"))
