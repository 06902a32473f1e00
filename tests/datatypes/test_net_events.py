"""A net file is gone through whole, or is one error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from trafficdiff.datatypes.net_events import net_events
from trafficdiff.errors import NetworkError

if TYPE_CHECKING:
    from pathlib import Path

NET = '<net><edge id="a"><lane id="a_0"/></edge><junction id="b"/></net>'


def test_events_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "net.xml"
    path.write_text(NET)
    with net_events(path, tag=("edge", "lane")) as found:
        assert [(event, element.get("id")) for event, element in found] == [
            ("start", "a"), ("start", "a_0"), ("end", "a_0"), ("end", "a"),
        ]  # fmt: skip
    with net_events(path, events=("end",), tag="junction") as found:
        assert [element.get("id") for _, element in found] == ["b"]


@pytest.mark.parametrize("text", [NET[:40], None, "no xml"])
def test_a_net_that_breaks_off_or_is_gone_is_a_sentence(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "net.xml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(NetworkError, match=r"net\.xml"), net_events(path) as found:
        list(found)


def test_what_an_element_lacks_is_a_damaged_net_too(tmp_path: Path) -> None:
    path = tmp_path / "net.xml"
    path.write_text(NET)
    with pytest.raises(NetworkError, match="build it again"), net_events(path, tag="edge") as found:
        [element.attrib["priority"] for _, element in found]
