"""Files that travel with the package are found, or named when they are missing."""

from __future__ import annotations

import pytest

from trafficdiff.errors import InputError
from trafficdiff.resources import bundled, bundled_places


def test_the_default_city_is_bundled() -> None:
    assert "helsinki" in bundled_places()
    assert bundled("networks/helsinki/helsinki.osm.pbf").stat().st_size > 500_000


def test_a_missing_file_is_named() -> None:
    with pytest.raises(InputError, match="networks/atlantis"):
        bundled("networks/atlantis")
