"""A gate passes on the right side of its limit, and only there."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from trafficdiff.store.validation import GateOutcome, Validation


@pytest.mark.parametrize(
    ("direction", "value", "passed"),
    [("at_least", 0.95, True), ("at_least", 0.949, False), ("at_most", 0.95, True), ("at_most", 0.951, False)],
)
def test_the_limit_itself_passes(direction: str, value: float, passed: bool) -> None:
    gate = GateOutcome.model_validate({"name": "x", "value": value, "direction": direction, "limit": 0.95})
    assert gate.passed is passed
    assert ("ok" in str(gate)) is passed
    validation = Validation(gates=(gate,))
    assert validation.passed is passed
    assert validation.failed == (() if passed else (gate,))


def test_a_value_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(ValidationError):
        GateOutcome(name="x", value=float("nan"), direction="at_most", limit=1.0)
