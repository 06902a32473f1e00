"""Log what writing, verifying and opening a run costs: ``python -m tests.store.measure``."""

from __future__ import annotations

import itertools
import logging
import tempfile
import time
from pathlib import Path

from tests.store.runs import make_content
from trafficdiff.manifest import verify
from trafficdiff.store.reading import open_run
from trafficdiff.store.writing import write_run

_logger = logging.getLogger(__name__)


def _measure(folder: Path, *, edges: int, intervals: int, trips: int) -> None:
    content = make_content(folder / "work", edges=edges, intervals=intervals, trips=trips)
    times = [time.process_time()]
    manifest = write_run(folder / "run", content)
    times.append(time.process_time())
    verify(folder / "run")
    times.append(time.process_time())
    stored = open_run(folder / "run", check=False)
    times.append(time.process_time())
    stored.result.data.load()
    stored.metrics.data.load()
    times.append(time.process_time())
    spent = [later - earlier for earlier, later in itertools.pairwise(times)]
    _logger.info(
        "%6d edges x %d intervals, %6d trips: write %.2f, verify %.3f, open unchecked %.3f, load all %.2f CPU s; "
        "%d files, %.1f MB",
        *(edges, intervals, trips, *spent, len(manifest.files) + 1, manifest.total_bytes / 1e6),
    )


def main() -> None:
    """Measure a warm-up (imports), Helsinki's size and a large city's."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for edges, intervals, trips in ((5, 4, 7), (373, 24, 4_000), (10_000, 24, 100_000)):
        with tempfile.TemporaryDirectory() as folder:
            _measure(Path(folder), edges=edges, intervals=intervals, trips=trips)


if __name__ == "__main__":
    main()
