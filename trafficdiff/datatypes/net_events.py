"""Go through a SUMO net file element by element, in little memory; whatever is wrong with it is one error."""

from __future__ import annotations

import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from trafficdiff.errors import NetworkError
from trafficdiff.screening import open_screened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["net_events"]


@contextmanager
def net_events(
    net: Path, *, events: Sequence[str] = ("start", "end"), tag: str | Sequence[str] | None = None, huge: bool = False
) -> Iterator[Iterator[tuple[str, Any]]]:
    """Give the events of a net file, and say of what goes wrong inside the block that the net is damaged.

    Parameters
    ----------
    net
        ``net.xml`` or ``net.xml.gz``.
    events, tag
        Which events of which elements, as lxml's ``iterparse`` has them; None for all elements.
    huge
        Whether single elements may be huge.

    Raises
    ------
    NetworkError
        If the file is gone or damaged, or what it holds lacks something (KeyError, ValueError).
    """
    from lxml import etree

    try:
        with open_screened(net, error=NetworkError) as stream:
            yield etree.iterparse(
                stream, events=events, tag=tag, resolve_entities=False, load_dtd=False, no_network=True, huge_tree=huge
            )
    except (etree.XMLSyntaxError, EOFError, zlib.error, OSError, KeyError, ValueError) as error:
        raise NetworkError(
            f"{net}: expected a whole SUMO net, got one that is gone, breaks off or is damaged ({error}); "
            "build it again"
        ) from error
