"""Write a SUMO net as OpenDRIVE 1.7: netconvert's file, mended so that strict readers take it.

netconvert 1.28 writes a file that calls itself 1.4 and is not one of any version; `opendrive_repair` says what is
mended. Coordinates stay the net's; the header's ``<offset>`` leads to the projection.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from trafficdiff.errors import SimulationError
from trafficdiff.process import last_words, run_program, sumo_program
from trafficdiff.publish import scratch

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.net_shapes import NetShapes

__all__ = ["RoadFile", "make_opendrive"]

_DEADLINE_S: Final = 600.0


@dataclass(frozen=True)
class RoadFile:
    """Hold an OpenDRIVE file.

    Parameters
    ----------
    content
        The file.
    signals
        Id in the file of each link of each signal: ``(SUMO's signal id, link)`` to text.
    """

    content: bytes
    signals: dict[tuple[str, int], str]


def make_opendrive(net: Path, *, shapes: NetShapes, name: str) -> RoadFile:
    """Return a net as OpenDRIVE 1.7.

    Parameters
    ----------
    net
        SUMO net, compressed or not.
    shapes
        Its geometry, from `trafficdiff.datatypes.net_shapes`.
    name
        What the header calls the map.

    Raises
    ------
    SimulationError
        If netconvert fails.
    """
    from lxml import etree

    from trafficdiff.export.opendrive_repair import repaired

    with scratch("opendrive") as folder:
        raw, log = folder / "raw.xodr", folder / "netconvert.log"
        command: list[str | Path] = [
            sumo_program("netconvert"), "-s", net.resolve(), "--opendrive-output", raw,
            "--output.original-names", "--no-warnings",
        ]  # fmt: skip
        finished = run_program(command, log=log, deadline_s=_DEADLINE_S)
        if finished.returncode or not raw.is_file():
            raise SimulationError(f"{net}: netconvert could not write it as OpenDRIVE: {last_words(finished.output)}")
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True, remove_comments=True)
        root = etree.parse(raw, parser).getroot()
    signals = repaired(root, shapes=shapes, name=name)
    etree.indent(root, space=" ")
    return RoadFile(etree.tostring(root, xml_declaration=True, encoding="UTF-8"), signals)
