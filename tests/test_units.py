"""Quantities: their names, units and dimensions, and the check of a dataset against them."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from trafficdiff.errors import InputError, SimulationError
from trafficdiff.units import QUANTITIES, as_quantity, attributes, check_dataset, with_attributes

CF_METHODS = {"", "time: sum", "time: mean", "clock: point"}
UDUNITS = {"", "1", "s", "m", "m s-1", "kg", "kW", "kW h", "kg km-1", "h-1", "km-1", "km", "h"}
UDUNITS |= {"degrees_east", "degrees_north"}  # CF conventions 1.11, sections 4.1 and 4.2


def dataset(**variables: tuple[tuple[str, ...], np.ndarray]) -> xr.Dataset:
    return with_attributes(xr.Dataset(variables))


def test_units_are_the_udunits_strings_that_a_checker_has_accepted() -> None:
    assert {quantity.units for quantity in QUANTITIES.values()} <= UDUNITS


@pytest.mark.parametrize("name", sorted(QUANTITIES))
def test_every_quantity_is_named_in_lower_case_words_and_says_what_it_means(name: str) -> None:
    quantity = QUANTITIES[name]
    assert name.replace("_", "").isalnum()
    assert name == name.lower()
    assert quantity.long_name
    assert quantity.cell_methods in CF_METHODS
    method = quantity.cell_methods.partition(":")[0]
    assert not method or method in quantity.dims


def test_attributes_leave_out_what_a_quantity_does_not_have() -> None:
    assert attributes("edge") == {"long_name": "edge id of the SUMO net"}
    assert attributes("speed") == {"long_name": "space-mean speed", "units": "m s-1", "cell_methods": "time: mean"}


def test_with_attributes_keeps_other_attributes_and_changes_nothing_given() -> None:
    given = xr.Dataset({"speed": (("time", "edge"), np.ones((1, 1)), {"flag_meanings": "x", "units": "knots"})})
    marked = with_attributes(given)
    assert marked["speed"].attrs["units"] == "m s-1"
    assert marked["speed"].attrs["flag_meanings"] == "x"
    assert given["speed"].attrs == {"flag_meanings": "x", "units": "knots"}


def test_as_quantity_replaces_attributes_and_puts_the_dimensions_last() -> None:
    array = xr.DataArray(np.ones((2, 3, 4)), dims=("edge", "time", "sample"), attrs={"units": "m", "note": "old"})
    speed = as_quantity(array, "speed")
    assert speed.name == "speed"
    assert speed.dims == ("sample", "time", "edge")
    assert speed.attrs == attributes("speed")
    assert array.attrs == {"units": "m", "note": "old"}


def test_a_dataset_as_it_should_be_passes() -> None:
    check_dataset(dataset(speed=(("scenario", "sample", "time", "edge"), np.ones((1, 1, 1, 1)))), heading="here")


def test_every_fault_is_named() -> None:
    wrong = xr.Dataset(
        {
            "sped": (("time", "edge"), np.ones((1, 2))),
            "flow": (("time", "edge"), np.ones((1, 2)), {"units": "s-1"}),
            "delay": (("edge", "time"), np.ones((2, 1)), {"units": "s"}),
        }
    )
    with pytest.raises(InputError) as raised:
        check_dataset(wrong, heading="here")
    message = str(raised.value)
    assert message.startswith("here: 3 faults")
    assert "'sped' is not in trafficdiff.units" in message
    assert "'flow': expected the unit 'h-1', got 's-1'" in message
    assert "'delay': expected the dimensions ('time', 'edge'), got ('edge', 'time')" in message


@pytest.mark.parametrize(
    ("name", "dims"),
    [
        ("vehicle_kilometres", ("time",)),
        ("vehicle_kilometres", ("edge",)),
        ("speed", ("edge",)),
        ("speed", ()),
        ("speed", ("station", "time", "edge")),
        ("travel_time_index", ("time", "edge")),
    ],
)
def test_dimensions_other_than_scenario_and_sample_may_not_lead(name: str, dims: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match=f"variable '{name}': expected the dimensions"):
        check_dataset(dataset(**{name: (dims, np.ones([1] * len(dims)))}), heading="here")


def test_a_quantity_without_its_unit_is_refused() -> None:
    with pytest.raises(InputError, match="expected the unit 'm s-1', got None"):
        check_dataset(xr.Dataset({"speed": (("time", "edge"), np.ones((1, 1)))}), heading="here")


def test_coordinates_that_are_no_quantity_are_allowed_and_known_ones_are_checked() -> None:
    fine = dataset(speed=(("time", "edge"), np.ones((1, 1)))).assign_coords(street=("edge", ["High Street"]))
    check_dataset(fine, heading="here")
    with pytest.raises(InputError, match="'edge_length'"):
        check_dataset(fine.assign_coords(edge_length=("edge", [1.0])), heading="here")


def test_the_caller_chooses_the_error() -> None:
    class NarrowError(InputError):
        pass

    with pytest.raises(NarrowError):
        check_dataset(xr.Dataset({"sped": 1.0}), heading="here", error=NarrowError)
    assert not issubclass(NarrowError, SimulationError)
