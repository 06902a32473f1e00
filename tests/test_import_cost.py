"""Start-up is a promise: nothing heavy loads before it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"torch", "pandas", "geopandas", "xarray", "osmnx", "osmium", "sumolib", "libsumo", "traci"} | {
    "scipy",
    "matplotlib",
}


def loaded_by(statement: str) -> set[str]:
    program = f"import sys; {statement}; print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    return {name.split(".")[0] for name in said.split()}


@pytest.mark.parametrize("statement", ["import trafficdiff", "import trafficdiff.cli", "import trafficdiff.datatypes"])
def test_nothing_heavy_is_imported_at_start_up(statement: str) -> None:
    assert not loaded_by(statement) & HEAVY


def test_the_bare_package_imports_no_third_party_code() -> None:
    assert not loaded_by("import trafficdiff") & (HEAVY | {"numpy", "pydantic", "typer", "rich", "yaml"})
