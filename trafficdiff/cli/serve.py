"""``trafficdiff serve``: the dashboard."""

from __future__ import annotations

from trafficdiff.errors import MissingDependencyError

__all__ = ["serve"]


def serve() -> None:
    """Open the dashboard (to come: use `run` and `demo` until then)."""
    raise MissingDependencyError(
        "expected the dashboard, which is still to come; until then `trafficdiff run` and `trafficdiff demo` print "
        "their tables and draw their maps"
    )
