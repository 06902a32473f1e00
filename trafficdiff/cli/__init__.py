"""The command line: one command a verb, thin over a workflow; heavy libraries load inside the commands."""

from __future__ import annotations

from trafficdiff.cli.entry import main

__all__ = ["main"]
