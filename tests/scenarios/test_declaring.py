from __future__ import annotations

from trafficdiff.datatypes.demand_measures import CongestionCharge
from trafficdiff.datatypes.edge_choice import Area
from trafficdiff.scenarios.declaring import GIVEN, declared_by

UNITS = {"price": "money", "elasticity": "1", "value_of_time_per_h": "money h-1"}


def test_where_a_number_comes_from_does_not_depend_on_whether_defaults_were_written_out():
    brief = CongestionCharge(cordon=Area(box=(24.9, 60.1, 25.0, 60.2)), price=2.0, value_of_time_per_h=15.0)
    whole = CongestionCharge.model_validate(brief.model_dump(mode="json"))
    assert whole == brief
    assert whole.model_fields_set != brief.model_fields_set
    assert declared_by(whole, **UNITS) == declared_by(brief, **UNITS)


def test_a_number_of_ones_own_is_given_and_a_default_has_its_source():
    charge = CongestionCharge(cordon=Area(box=(24.9, 60.1, 25.0, 60.2)), price=2.0, value_of_time_per_h=15.0)
    found = declared_by(charge, **UNITS)
    assert [found[name].source == GIVEN for name in UNITS] == [True, False, True]
    assert "Lee 2000" in found["elasticity"].source
