"""``trafficdiff serve``: the dashboard."""

from __future__ import annotations

from trafficdiff.cli.output import JsonOption
from trafficdiff.errors import MissingDependencyError

__all__ = ["serve"]


def serve(*, as_json: JsonOption = False) -> None:  # noqa: ARG001 - errors are told as JSON where they are caught
    """Open the dashboard (to come: use `run` and `demo` until then)."""
    raise MissingDependencyError(
        "expected the dashboard, which is still to come; until then `trafficdiff run` and `trafficdiff demo` print "
        "their tables and draw their maps"
    )
