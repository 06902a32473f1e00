import numpy as np
import pytest
import xarray as xr

from tests.demand.test_rerouting import trips_on
from tests.towns import square_town
from trafficdiff.demand.link_times import SLOWEST_MS, free_flow_times, link_times, measured_times
from trafficdiff.errors import TripError


class Measured:
    """What `measured_times` looks at of a result."""

    def __init__(self, spent_s, driven_m, begins_s, *, left=None):
        none = np.zeros(np.shape(spent_s))
        columns = {"sampled_time": spent_s, "travel_distance": driven_m, "left": none if left is None else left}
        self.data = xr.Dataset(
            {
                name: (("time", "edge"), np.array(values, float))
                for name, values in (columns | {"arrived": none}).items()
            },
            coords={"time": np.array(begins_s, float)},
        )


def test_a_measured_time_is_length_over_mean_speed_and_free_flow_where_nobody_was():
    town = square_town()  # 100 m, 10 s
    spent, driven = np.zeros((2, 8)), np.zeros((2, 8))
    spent[0, 3], driven[0, 3] = 60.0, 300.0  # three passages of 20 s
    spent[1, 5] = 300.0  # stood all the time
    times = measured_times(Measured(spent, driven, [0, 300]), town)
    assert times.time_s[0, 3] == pytest.approx(20.0)
    assert times.time_s[1, 5] == pytest.approx(100.0 / SLOWEST_MS)
    others = np.ones((2, 8), bool)
    others[0, 3] = others[1, 5] = False
    assert (times.time_s[others] == 10.0).all()


def test_the_last_of_a_queue_do_not_stand_for_the_whole_edge():
    town = square_town()  # 100 m, 10 s
    spent, driven, left = np.zeros((1, 8)), np.zeros((1, 8)), np.zeros((1, 8))
    # Ten vehicles on the last 70 m, one leaves every 4 s, nobody enters: who does enter waits 22 s on average.
    spent[0, 2], driven[0, 2], left[0, 2] = 220.0, 385.0, 10
    # Vehicles that leave within a moment: nobody drives faster than free flow because of them.
    spent[0, 4], driven[0, 4], left[0, 4] = 30.0, 100.0, 10
    # Nobody has left yet: all that is known is the speed.
    spent[0, 6], driven[0, 6] = 60.0, 300.0
    times = measured_times(Measured(spent, driven, [0], left=left), town)
    assert times.time_s[0, [2, 4, 6]] == pytest.approx([22.0, 10.0, 20.0])  # and not 57, 3 or endless


def test_a_result_of_other_roads_is_refused():
    with pytest.raises(TripError, match="result on 8 edges, got one on 3"):
        measured_times(Measured(np.zeros((1, 3)), np.zeros((1, 3)), [0]), square_town())


def test_routes_take_the_times_of_the_interval_of_departure():
    town = square_town()
    trips = trips_on(town, ["A-B", "B-D"], ["A-B"], ["C-D", "D-B", "B-A"])  # depart at 0, 1, 2 s
    times = link_times(town, np.stack([np.full(8, 10.0), np.full(8, 20.0)]), begins_s=np.array([0.0, 1.5]))
    assert times.along(trips).tolist() == [20.0, 10.0, 60.0]
    assert times.interval(np.array([-5.0, 0.0, 1.5, 99.0])).tolist() == [0, 0, 1, 1]
    assert free_flow_times(town).along(trips).tolist() == [20.0, 10.0, 30.0]


@pytest.mark.parametrize(
    ("times_s", "begins_s", "said"),
    [
        (np.ones(7), None, "expected 8 finite positive edge times"),
        (np.ones((2, 8)), None, "begins of their intervals"),
        (np.ones((2, 8)), np.array([3.0, 3.0]), "ascending"),
        (np.ones((2, 8)), np.array([3.0]), "one row an interval"),
        (np.zeros(8), None, "finite positive"),
        (np.full(8, np.nan), None, "finite positive"),
    ],
)
def test_times_that_cannot_be_are_refused(times_s, begins_s, said):
    with pytest.raises(TripError, match=said):
        link_times(square_town(), times_s, begins_s=begins_s)
