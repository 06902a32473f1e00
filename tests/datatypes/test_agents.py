import numpy as np
import pytest

from tests.towns import square_town
from trafficdiff.datatypes.agents import Agents, check_departures
from trafficdiff.errors import Faults, TripError


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


def departures_at_fault(depart_s, window_s=(10.0, 20.0)):
    faults = Faults("trips")
    names = np.array([f"t{place}" for place in range(len(depart_s))], object)
    check_departures(np.array(depart_s, float), window_s, faults, names=names)
    return faults.messages


def test_departures_outside_are_counted_and_the_files_own_range_is_told():
    (message,) = departures_at_fault([1_234_567.5] * 7 + [3.0] + [15.0] * 4)
    assert "expected departures from 10 to before 20 s, got 8 of 12 outside" in message
    assert "trip 't0' at 1234567.5 s" in message
    assert "and 3 more" in message
    assert "the departures run from 3 to 1234567.5 s" in message


@pytest.mark.parametrize(("count", "more"), [(5, ""), (6, "and 1 more"), (9, "and 4 more"), (11, "and 6 more")])
def test_no_departure_at_fault_is_counted_twice_or_left_out(count, more):
    (outside,) = departures_at_fault([1.0] * count)
    (endless,) = departures_at_fault([np.nan] * count)
    for message in (outside, endless):
        assert f"got {count} of {count}" in message
        assert message.count("trip 't") == min(count, 5)
        assert ("more" in message) == bool(more)
        assert more in message


def test_departures_that_are_not_finite_and_those_outside_are_two_faults():
    assert len(departures_at_fault([np.nan, np.inf, 1.0, 12.0])) == 2
