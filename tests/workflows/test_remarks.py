"""Warnings of the package are collected, once each, and only those of one's own thread."""

from __future__ import annotations

import logging
import threading

from trafficdiff.workflows.remarks import collecting_warnings


def test_only_warnings_of_the_package_and_of_this_thread_are_kept_once() -> None:
    with collecting_warnings() as said:
        ours = logging.getLogger("trafficdiff.datatypes.somewhere")
        ours.info("all is well")
        ours.warning("%d trips were sorted", 3)
        ours.warning("%d trips were sorted", 3)
        logging.getLogger("matplotlib").warning("no font")
        other = threading.Thread(target=ours.warning, args=("another run's",))
        other.start()
        other.join()
        ours.error("worse")
    ours.warning("too late")
    assert said == ["3 trips were sorted", "worse"]
