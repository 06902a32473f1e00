"""Offer what a page shows as files for spreadsheets and GIS, each with where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboards.shell.words import word

if TYPE_CHECKING:
    from collections.abc import Callable

    from dashboards.shell.opening import Compared, Opened

__all__ = ["comparison_downloads", "downloads"]

_TYPES: Final = {
    "csv": "text/csv",
    "geojson": "application/geo+json",
    "gpkg": "application/geopackage+sqlite3",
    "zip": "application/zip",
}


def downloads(opened: Opened, compared: Compared | None, *, scenario: str) -> None:
    """Offer the tables of a comparison, or of the first run of a scenario."""
    with st.expander(word("congestion.downloads"), icon=":material/download:"):
        if compared is not None:
            comparison_downloads(compared)
            return
        st.caption(word("congestion.downloads_run"))
        with st.container(horizontal=True):
            for kind, ending in {"csv": "zip", "gpkg": "gpkg", "geojson": "geojson"}.items():
                _button(f"congestion.download_{kind}", f"roads.{ending}", _of_run(opened, scenario, kind))


def comparison_downloads(compared: Compared) -> None:
    """Offer the tables of a comparison."""
    pair = compared.pair
    st.caption(word("congestion.downloads_pair", scenario=pair.scenario, base=pair.base))
    with st.container(horizontal=True):
        _button("congestion.download_numbers", "numbers.csv", _of_pair(compared, "numbers.csv"))
        _button("congestion.download_csv", "roads.csv", _of_pair(compared, "roads.csv"))
        _button("congestion.download_gpkg", "roads.gpkg", _of_pair(compared, "roads.gpkg"))
        _button("congestion.download_geojson", "roads.geojson", _of_pair(compared, "roads.geojson"))


def _button(key: str, file_name: str, make: Callable[[], bytes]) -> None:
    st.download_button(
        word(key), make, file_name=file_name, mime=_TYPES[file_name.rpartition(".")[2]], on_click="ignore",
        icon=":material/download:", key=f"download.{file_name}",
    )  # fmt: skip


def _of_pair(compared: Compared, file_name: str) -> Callable[[], bytes]:
    def make() -> bytes:
        from trafficdiff.workflows.downloads import comparison_file

        table = compared.numbers if file_name.startswith("numbers") else compared.roads[0]
        run = compared.opened.stored_run(compared.pair.base)
        return comparison_file(table, compared.pair, run, file_name=file_name)

    return make


def _of_run(opened: Opened, scenario: str, ending: str) -> Callable[[], bytes]:
    def make() -> bytes:
        from trafficdiff.workflows.downloads import run_file

        return run_file(opened.stored_run(scenario).directory, ending)

    return make
