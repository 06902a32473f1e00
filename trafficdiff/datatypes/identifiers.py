"""Tell which ids SUMO refuses, before SUMO is started."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trafficdiff.errors import Faults

__all__ = ["is_refused", "note_refused_ids"]

_REFUSED: Final = re.compile(r"""[\x00-\x20|\\'";,<>&\ud800-\udfff\ufffe\uffff]""")
"""What SUMO 1.28 refuses in the id of a vehicle or of a type (tried out one by one), and what XML cannot hold."""

_SHOWN: Final = 5


def is_refused(name: object) -> bool:
    """Return whether SUMO would refuse an id: no text, empty, or with a character that it does not allow."""
    return not isinstance(name, str) or not name or _REFUSED.search(name) is not None


def note_refused_ids(names: Sequence[object], faults: Faults, *, what: str) -> None:
    """Note every id that SUMO would refuse as one fault, with how many there are and the first of them."""
    bad = [name for name in names if is_refused(name)]
    if not bad:
        return
    shown = ", ".join(repr(name) for name in bad[:_SHOWN])
    more = f" and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
    faults.add(
        f"expected {what} ids that SUMO takes (not empty, no spaces, none of | \\ ' \" ; , < > &), "
        f"got {len(bad)} of {len(names)} that it refuses: {shown}{more}; rename them"
    )
