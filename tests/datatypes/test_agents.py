import numpy as np
import pytest

from tests.towns import square_town
from trafficdiff.datatypes.agents import Agents
from trafficdiff.errors import TripError


def make(**columns):
    content = {
        "graph": square_town(),
        "origin": np.array([0, 1], np.int32),
        "destination": np.array([2, 3], np.int32),
        "depart_s": np.array([1.0, 2.0]),
        "window_s": (0.0, 10.0),
        **columns,
    }
    return Agents(**content)


def test_left_out_columns_mean_cars_without_vias_or_batteries():
    agents = make()
    assert len(agents) == 2
    assert agents.via_offsets.tolist() == [0, 0, 0]
    assert agents.vehicle_type.tolist() == [0, 0]
    assert np.isnan(agents.battery_kwh).all()
    assert list(agents.types_by_name) == ["car"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"depart_s": np.array([2.0, 1.0])}, "ascending"),
        ({"depart_s": np.array([np.nan, 1.0])}, "finite"),
        ({"depart_s": np.array([1.0, 10.0])}, "before 10 s"),
        ({"window_s": (10.0, 0.0)}, "ends after it begins"),
        ({"origin": np.array([0, 99], np.int32)}, "every origin"),
        ({"destination": np.array([0, -1], np.int32)}, "every destination"),
        ({"via_edges": np.array([1], np.int32)}, "via offsets"),
    ],
)
def test_impossible_agents_are_refused(columns, message):
    with pytest.raises(TripError, match=message):
        make(**columns)
