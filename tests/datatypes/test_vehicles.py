"""Vehicle classes as bits, and the types that travel with the package."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trafficdiff.datatypes.vehicles import (
    ALL_CLASSES,
    VEHICLE_CLASSES,
    VEHICLE_TYPES,
    VehicleType,
    class_mask,
    class_names,
)
from trafficdiff.errors import TripError
from trafficdiff.process import run_program, sumo_program

if TYPE_CHECKING:
    from pathlib import Path

DROPPED = {
    "public_emergency", "public_authority", "public_army", "public_transport", "transport", "lightrail", "cityrail",
    "rail_slow",
}  # fmt: skip
"""Names of old nets that SUMO itself has replaced."""

names = st.sets(st.sampled_from(VEHICLE_CLASSES))


def test_the_classes_are_those_of_sumolib_without_the_dropped_ones() -> None:
    from sumolib.net.lane import SUMO_VEHICLE_CLASSES

    assert set(SUMO_VEHICLE_CLASSES) - set(VEHICLE_CLASSES) == DROPPED
    assert set(VEHICLE_CLASSES) <= set(SUMO_VEHICLE_CLASSES)


def test_every_class_has_its_own_bit_and_together_they_are_all() -> None:
    bits = [class_mask([name]) for name in VEHICLE_CLASSES]
    assert len(set(bits)) == len(VEHICLE_CLASSES)
    assert sum(bits) == ALL_CLASSES
    assert ALL_CLASSES < 2**63  # fits a signed 64-bit array


@given(names)
def test_a_mask_gives_its_names_back(chosen: set[str]) -> None:
    assert set(class_names(class_mask(chosen))) == chosen


@given(names, names)
def test_masks_are_sets(one: set[str], other: set[str]) -> None:
    assert class_mask(one) & class_mask(other) == class_mask(one & other)
    assert class_mask(one) | class_mask(other) == class_mask(one | other)


def test_names_that_sumo_dropped_are_ignored() -> None:
    assert class_mask(["passenger", "public_emergency"]) == class_mask(["passenger"])


@pytest.mark.parametrize("name", ["", "a b", "a&b", "a,b"])
def test_a_name_that_sumo_refuses_is_refused(name: str) -> None:
    with pytest.raises(TripError, match="expected an id that SUMO takes"):
        VehicleType(name)


def test_an_unknown_class_is_refused() -> None:
    with pytest.raises(TripError, match="vehicle type 'cab': expected one of SUMO's vehicle classes, got 'cab'"):
        VehicleType("cab", "cab")


@pytest.mark.parametrize("value", ["nan", "NaN", " inf ", "-Infinity", "1e999"])
def test_numbers_that_are_not_finite_are_refused(value: str) -> None:
    with pytest.raises(TripError, match="expected a finite accel"):
        VehicleType("car", attributes={"accel": value})


def test_text_attributes_are_no_numbers() -> None:
    assert VehicleType("car", attributes={"emissionClass": "HBEFA4/PC_petrol_Euro-4"}).mask == class_mask(["passenger"])


@pytest.mark.sumo
def test_sumo_knows_every_shipped_type_and_its_emissions(cross_net: Path, tmp_path: Path) -> None:
    kinds = "".join(
        f'<vType id="{kind.name}" vClass="{kind.vehicle_class}" '
        + " ".join(f'{key}="{value}"' for key, value in kind.attributes.items())
        + "/>"
        for kind in VEHICLE_TYPES.values()
    )
    vehicles = "".join(
        f'<vehicle id="{name}" type="{name}" depart="{10 * place}"><route edges="WC CE"/></vehicle>'
        for place, name in enumerate(VEHICLE_TYPES)
    )
    (tmp_path / "types.rou.xml").write_text(f"<routes>{kinds}{vehicles}</routes>")
    command = [
        sumo_program("sumo"), "-n", cross_net, "-r", "types.rou.xml", "--tripinfo-output", "trips.xml", "-X", "never",
        "--device.emissions.probability", "1", "--no-step-log",
    ]  # fmt: skip
    finished = run_program(command, log=tmp_path / "sumo.log", deadline_s=60, directory=tmp_path)
    assert finished.returncode == 0, finished.output
    assert "Warning" not in finished.output
    trips = {trip.get("id"): trip.find("emissions") for trip in ET.parse(tmp_path / "trips.xml").iter("tripinfo")}
    assert set(trips) == set(VEHICLE_TYPES)
    for name, emissions in trips.items():
        assert emissions is not None
        source = "electricity_abs" if name == "electric_car" else "CO2_abs"
        assert (float(emissions.get(source, "0")) > 0) == (name != "bicycle"), name
