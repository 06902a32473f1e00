"""Find the files that travel with the package, in a checkout and in a wheel alike.

A checkout keeps ``networks/``, ``data/`` and ``dashboards/`` beside the package; the built wheel
carries them inside it, under ``_bundled/``.
"""

from __future__ import annotations

from pathlib import Path

from trafficdiff.errors import InputError

__all__ = ["bundled", "bundled_places"]

_PACKAGE = Path(__file__).resolve().parent
_ROOTS = (_PACKAGE / "_bundled", _PACKAGE.parent)


def bundled(relative: str) -> Path:
    """Return the path of a bundled file or folder.

    Parameters
    ----------
    relative
        Path below the project's top level, for example ``"networks/helsinki"``.

    Raises
    ------
    InputError
        If neither the wheel nor the checkout has it.
    """
    for root in _ROOTS:
        if (candidate := root / relative).exists():
            return candidate
    raise InputError(
        f"expected the bundled file {relative!r}, found it neither in the installed package nor beside it; "
        "install trafficdiff again"
    )


def bundled_places() -> list[str]:
    """Return the names of the cities that travel with the package, sorted."""
    return sorted(path.parent.name for path in bundled("networks").glob("*/place.toml"))
