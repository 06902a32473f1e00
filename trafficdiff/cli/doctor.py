"""``trafficdiff doctor``: look at the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trafficdiff.cli.output import JsonOption, print_json, print_table
from trafficdiff.errors import MissingDependencyError

if TYPE_CHECKING:
    from trafficdiff.workflows.doctor import Check

__all__ = ["doctor"]


def doctor(*, as_json: JsonOption = False) -> None:
    """Check versions, torch build, SUMO, checkpoint, browser and free port."""
    from trafficdiff.workflows.doctor import examine

    checks = examine()
    missing = [check.name for check in checks if check.needed and not check.ok]
    if as_json:
        print_json({"ok": not missing, "checks": [vars(check) for check in checks]})
    else:
        print_table("trafficdiff doctor", [(_mark(check) + check.name, check.found) for check in checks])
    if missing:
        raise MissingDependencyError(f"expected everything above to be marked ✓, got ✗ for {', '.join(missing)}")


def _mark(check: Check) -> str:
    return "✓ " if check.ok else "✗ " if check.needed else "- "
