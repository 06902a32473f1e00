import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.diffusion.places import made_scene
from trafficdiff.diffusion.prior import edge_weight, passing_through, rim_capacity, zone_rim_share, zone_weight

COLUMNS = ("length", "lanes", "enter_capacity", "leave_capacity", "class_rank", "drivable")


def streets(rows, zones=1):
    """A scene of edges: length [m], lanes, capacity in and out, rank, drivable; as many in each zone."""
    values = np.array(rows, np.float32)
    return made_scene(zones=zones, edges=len(rows) // zones, edge_columns=COLUMNS, edge_values=values, directional=())


def test_a_street_inside_weighs_the_root_of_its_length():
    weight = edge_weight(streets([[100, 1, 0, 0, 1, 1], [400, 3, 0, 0, 2, 1]]))
    np.testing.assert_allclose(weight, [[10, 10], [20, 20]])


def test_nobody_begins_where_nobody_can_drive_and_hardly_anybody_on_a_motorway():
    path, street, motorway = edge_weight(streets([[100, 1, 0, 0, 1, 0], [100, 1, 0, 0, 1, 1], [100, 1, 0, 0, 6, 1]]))
    assert (path <= 1e-5 * street).all()
    assert (path > 0).all()
    np.testing.assert_allclose(motorway, 0.05 * street)


def test_lanes_and_streets_decide_how_much_crosses_the_rim_and_capacity_where():
    inside = [[500, 1, 0, 0, 1, 1]] * 20  # 10 km
    roads = [[30, 3, 90, 0, 3, 1], [700, 1, 10, 0, 1, 1], [40, 2, 0, 50, 2, 1]]
    path = [[9_000, 1, 0, 0, 0, 0]]
    weight = edge_weight(streets([*inside, *roads, *path]))
    enters, leaves = weight / weight.sum(axis=0) @ np.eye(2)[[0]].T, weight / weight.sum(axis=0) @ np.eye(2)[[1]].T
    km_in, km_out = 10.0 + 0.04, 10.0 + 0.03 + 0.7  # what crosses the other way is a street
    assert enters[20:22].sum() == pytest.approx(2.5 * 4 / (2.5 * 4 + km_in), rel=1e-4)
    assert leaves[22].sum() == pytest.approx(2.5 * 2 / (2.5 * 2 + km_out), rel=1e-4)
    assert float(enters[20, 0] / enters[21, 0]) == pytest.approx(9)


@settings(deadline=None)
@given(st.integers(1, 30), st.integers(1, 30))
def test_the_more_streets_inside_the_less_crosses_the_rim(few, more):
    def crossing(count):
        weight = edge_weight(streets([[100, 2, 50, 50, 3, 1], *[[250, 1, 0, 0, 1, 1]] * count]))
        return weight[0] / weight.sum(axis=0)

    assert (crossing(few) > crossing(few + more)).all()


def test_a_place_of_nothing_but_rim_has_weights():
    weight = edge_weight(streets([[100, 2, 50, 50, 3, 1], [100, 1, 20, 20, 3, 1]]))
    assert (weight > 0).all()


def test_without_capacities_lanes_at_the_rim_stand_for_them():
    scene = made_scene()
    np.testing.assert_array_equal(rim_capacity(scene, "in"), scene.edge_values[:, 1])
    np.testing.assert_array_equal(rim_capacity(scene, "out"), scene.edge_values[:, 2])


def test_a_zone_weighs_what_its_edges_do_and_some_of_it_lies_at_the_rim():
    scene = streets([[100, 1, 0, 0, 1, 1], [100, 2, 8, 0, 1, 1], [400, 1, 0, 0, 1, 1], [400, 1, 0, 0, 1, 1]], zones=2)
    weight = edge_weight(scene)
    sums = weight.reshape(2, 2, 2).sum(axis=1)
    np.testing.assert_allclose(zone_weight(scene), sums + 0.01 * sums.mean(axis=0))
    np.testing.assert_allclose(zone_rim_share(scene), [[weight[1, 0] / sums[0, 0], 0], [0, 0]])


def test_an_area_without_streets_has_no_rim():
    area = made_scene(zones=3, edges=0, edge_values=np.zeros((0, 6), np.float32), edge_index=np.zeros(0, np.int32))
    np.testing.assert_array_equal(zone_rim_share(area), np.zeros((3, 2)))


def test_traffic_that_passes_through_leaves_far_from_where_it_came_in():
    place = torch.tensor([[0.0, 0.0], [0.1, 0.0], [1.0, 0.0], [0.0, 3.0]])
    factor = passing_through(place, torch.ones(4, 2)).exp()
    torch.testing.assert_close(factor[0], torch.tensor([0.0, 0.01 / 1.01, 0.5, 0.9]), atol=1e-5, rtol=0)
    torch.testing.assert_close(factor, factor.T)


def test_trips_with_an_end_inside_may_be_short():
    place = torch.zeros(2, 2)
    rim = torch.tensor([[1.0, 0.0], [0.4, 0.5]])  # only part of a zone lies at the rim
    factor = passing_through(place, rim).exp()
    torch.testing.assert_close(factor, torch.tensor([[1.0, 0.5], [1.0, 0.8]]), atol=1e-5, rtol=0)
