"""The error tree and the collector of faults."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from trafficdiff import errors
from trafficdiff.errors import Faults, InputError, TrafficdiffError, TripError

EXIT_CODES = {
    "TrafficdiffError": 1, "InputError": 2, "NetworkError": 2, "TripError": 2, "ScenarioError": 2,
    "OutputError": 2, "SimulationError": 1, "DeadlineError": 1, "StoreError": 1, "IntegrityError": 1,
    "MissingDependencyError": 3, "GateError": 4,
}  # fmt: skip
BUILTINS = {
    "InputError": ValueError, "SimulationError": RuntimeError, "DeadlineError": TimeoutError,
    "StoreError": RuntimeError, "MissingDependencyError": ImportError, "GateError": AssertionError,
}  # fmt: skip


@pytest.mark.parametrize(("name", "code"), EXIT_CODES.items())
def test_every_error_has_the_root_and_its_exit_code(name: str, code: int) -> None:
    error = getattr(errors, name)
    assert issubclass(error, TrafficdiffError)
    assert error.exit_code == code


@pytest.mark.parametrize(("name", "builtin"), BUILTINS.items())
def test_errors_are_also_the_builtin_that_they_stand_for(name: str, builtin: type[Exception]) -> None:
    assert issubclass(getattr(errors, name), builtin)


def test_every_error_is_public_and_has_an_exit_code_here() -> None:
    assert set(errors.__all__) - {"Faults"} == set(EXIT_CODES)
    assert errors.__all__ == sorted(errors.__all__)


def test_a_place_that_is_taken_is_both_bad_input_and_an_error_of_the_store() -> None:
    assert issubclass(errors.OutputError, errors.InputError)
    assert issubclass(errors.OutputError, errors.StoreError)


def test_a_failed_simulation_names_its_log_where_there_is_one() -> None:
    error = errors.DeadlineError("it took too long")
    assert str(error) == "it took too long"
    error.log = Path("runs/a.failed.log")
    assert str(error) == "it took too long (everything that it said is in runs/a.failed.log)"
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (errors.DeadlineError, str(error))
    assert str(errors.DeadlineError.__new__(errors.DeadlineError, "late")) == "late"  # as Dask unpickles it


def test_no_fault_raises_nothing() -> None:
    faults = Faults("trips")
    faults.raise_if_any(TripError)
    assert faults.messages == []


def test_one_fault_is_said_in_one_line() -> None:
    faults = Faults("trips")
    faults.add("trip 3 is late")
    with pytest.raises(TripError, match=r"^trips: trip 3 is late$"):
        faults.raise_if_any(TripError)


def test_all_faults_are_said_at_once() -> None:
    faults = Faults("trips")
    faults.add("one")
    faults.add("two")
    with pytest.raises(InputError) as raised:
        faults.raise_if_any(InputError)
    assert str(raised.value) == "trips: 2 faults\n  - one\n  - two"


def test_faults_beyond_those_shown_are_counted() -> None:
    faults = Faults("trips")
    for index in range(Faults.shown + 3):
        faults.add(f"fault {index}")
    with pytest.raises(InputError) as raised:
        faults.raise_if_any(InputError)
    lines = str(raised.value).splitlines()
    assert lines[0] == "trips: 15 faults"
    assert lines[-2:] == ["  - fault 11", "  ... and 3 more"]
