"""Name every file of a run directory; `docs/decisions/run-directory.md` draws the same tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trafficdiff.screening import is_gzip

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "BUILD",
    "COUNTS",
    "CRATE",
    "FORMATS",
    "INPUTS",
    "KIND",
    "LOG",
    "MEANINGS",
    "MEASURES",
    "METRICS",
    "MODEL_CARD",
    "NETWORK",
    "NOTICE",
    "PROVENANCE",
    "RESULT",
    "RESULT_TRIPS",
    "SCENARIO",
    "TRIPS",
    "VALIDATION",
    "encoding_format",
    "net_name",
]

KIND: Final = "run"

SCENARIO: Final = "scenario.json"
NETWORK: Final = "network"
BUILD: Final = "network/build.json"
TRIPS: Final = "demand/trips.parquet"
MODEL_CARD: Final = "demand/model_card.md"
INPUTS: Final = "simulation"
LOG: Final = "simulation/log.txt"
RESULT: Final = "result.zarr"
RESULT_TRIPS: Final = "result_trips.parquet"
COUNTS: Final = "counts.json"
METRICS: Final = "metrics.zarr"
MEASURES: Final = "measures.json"
VALIDATION: Final = "validation.json"
PROVENANCE: Final = "provenance.json"
NOTICE: Final = "NOTICE.txt"
CRATE: Final = "ro-crate-metadata.json"

MEANINGS: Final[dict[str, str]] = {
    SCENARIO: "Scenario as resolved: every default spelled out",
    BUILD: "How the network came to be: source, date, hash, licence, exact commands",
    TRIPS: "Trips with routes that were simulated",
    MODEL_CARD: "Card of the model that made the demand",
    LOG: "Everything that SUMO said, complete",
    RESULT: "What the simulation measured, by interval and edge (CF conventions)",
    RESULT_TRIPS: "What the simulation measured, one row a trip; units in the field metadata",
    COUNTS: "Where every vehicle ended up",
    METRICS: "Congestion metrics (CF conventions)",
    VALIDATION: "Quality gates, warnings and counts",
    MEASURES: "What each measure did, what became of every trip, how drivers chose their routes",
    PROVENANCE: "Versions, seeds, times, hashes: how to make this run again",
    NOTICE: "Licences of the data, and whether the trips are synthetic or given",
    "manifest.json": "Size and SHA-256 of every file; written last",
}
"""What each file is, in one line."""

FORMATS: Final[dict[str, str]] = {
    ".csv": "text/csv",
    ".geojson": "application/geo+json",
    ".gpkg": "application/geopackage+sqlite3",
    ".gz": "application/gzip",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".toml": "application/toml",
    ".txt": "text/plain",
    ".xml": "application/xml",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".zarr": "application/vnd.zarr; version=3",
}
"""Media types by suffix (IANA where registered; Zarr's as its community writes it)."""


def encoding_format(name: str) -> str:
    """Return the media type of a file by its suffix."""
    return FORMATS.get("." + name.rpartition(".")[2].lower(), "application/octet-stream")


def net_name(net: Path) -> str:
    """Return the name that a net file has in a run; its first bytes tell whether it is compressed, not its own name."""
    try:
        with net.open("rb") as file:
            packed = is_gzip(file.read(2))
    except OSError:
        packed = False  # whoever copies it finds out
    return f"{NETWORK}/net.net.xml" + (".gz" if packed else "")
