"""A planner uploads counts: faults are named, sound ones become the demand, and the fit is seen in chart and map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dashboards.browsing import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.sumo]

HEAD = "edge,begin,end,count\n"


@pytest.fixture(scope="module")
def counted() -> str:
    """Counts on the eight busiest edges of another demand, as a file's lines."""
    from trafficdiff.datatypes.scenario import GravityDemand
    from trafficdiff.roads.load import load_network
    from trafficdiff.workflows.sample import draw_trips

    graph = load_network("helsinki")
    trips = draw_trips(graph, GravityDemand(trips=150), window_s=(25_200.0, 26_100.0), seed=8)
    flow = np.bincount(trips.edges, minlength=graph.edge_count)
    busiest = np.argsort(-flow)[:8]
    return "".join(f"{graph.edge_id[edge]},25200,26100,{flow[edge]}\n" for edge in busiest)


def upload(visitor: Visitor, path: Path) -> None:
    if not visitor.tab.get_by_test_id("stFileUploader").is_visible():
        visitor.tab.get_by_text("Add a file of counts").click()
    visitor.tab.locator('[data-testid="stFileUploader"] input[type="file"]').set_input_files(path)


def test_counts_are_uploaded_fitted_and_seen(visitor: Visitor, workplace: Path, tmp_path: Path, counted: str) -> None:
    visitor.open("scenario", draft="scenarios/base.yaml")
    visitor.ready_map()
    (bad := tmp_path / "posts.csv").write_text(HEAD + counted + "nowhere,25200,26100,3\n")
    upload(visitor, bad)
    visitor.tab.get_by_role("alert").filter(has_text="nowhere").first.wait_for()
    assert not (workplace / "scenarios" / "posts.csv").exists()

    (good := tmp_path / "counts.csv").write_text(HEAD + counted)
    upload(visitor, good)
    visitor.tab.get_by_role("button", name="Fit to the counts").wait_for()
    visitor.settle()
    assert (workplace / "scenarios" / "counts.csv").read_text() == HEAD + counted
    assert "kind: calibrated" in visitor.tab.get_by_role("textbox", name="The scenario file").input_value()
    drawn = visitor.ready_map()
    drawn.get_by_text("Counted roads").first.wait_for()

    visitor.tab.get_by_role("button", name="Fit to the counts").click()
    visitor.tab.get_by_text("of 8 counted roads are met").wait_for()
    visitor.settle()
    visitor.tab.locator('[data-testid="stVegaLiteChart"] canvas, [data-testid="stVegaLiteChart"] svg').first.wait_for()
    visitor.ready_map().get_by_text("GEH").first.wait_for()
    visitor.assert_sound()
