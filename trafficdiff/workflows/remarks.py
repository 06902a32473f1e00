"""Collect what the steps warn of, so that it stands in the run and not only on the screen."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["collecting_warnings"]


class _Collector(logging.Handler):
    """Keep every warning that one thread logs, once."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.thread = threading.get_ident()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record's words."""
        if record.thread == self.thread and (words := record.getMessage()) not in self.said:
            self.said.append(words)


@contextmanager
def collecting_warnings() -> Iterator[list[str]]:
    """Yield a list that grows by every warning that the package logs in this thread while the block lasts."""
    collector = _Collector()
    logger = logging.getLogger("trafficdiff")
    logger.addHandler(collector)
    try:
        yield collector.said
    finally:
        logger.removeHandler(collector)
