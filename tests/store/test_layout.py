"""The tree in the decision page is the tree that is written."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from trafficdiff.store import layout

PAGE = Path(__file__).parents[2] / "docs" / "decisions" / "run-directory.md"


@pytest.mark.parametrize("name", [*layout.MEANINGS, layout.CRATE])
def test_the_decision_page_draws_every_file(name: str) -> None:
    assert f" {name.rpartition('/')[2]} " in PAGE.read_text(encoding="utf-8").replace("/ ", " ")


def test_media_types_follow_the_suffix() -> None:
    assert layout.encoding_format("a/net.net.xml.gz") == "application/gzip"
    assert layout.encoding_format("result.zarr").startswith("application/vnd.zarr")
    assert layout.encoding_format("README") == "application/octet-stream"


def test_a_net_is_named_by_its_content(tmp_path: Path) -> None:
    for name in ("a.net.xml", "a.net.xml.gz"):
        net = tmp_path / name
        assert layout.net_name(net) == "network/net.net.xml"
        net.write_bytes(b"<net/>")
        assert layout.net_name(net) == "network/net.net.xml"
        net.write_bytes(gzip.compress(b"<net/>"))
        assert layout.net_name(net) == "network/net.net.xml.gz"
