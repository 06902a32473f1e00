"""Edges are one stretch where nobody can turn off or in between them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from tests.demand.nets import CAR
from tests.towns import make_town
from trafficdiff.datatypes.counts import Counts
from trafficdiff.demand.chains import stretches
from trafficdiff.workflows.calibration_clashes import clashes_of

PLACES = {name: (100.0 * place, 0.0) for place, name in enumerate("ABCDE")}


def test_a_side_street_ends_a_stretch_and_turning_round_does_not() -> None:
    both_ways = [way for a, b in pairwise("ABCDE") for way in ((a, b), (b, a))]
    town = make_town(PLACES | {"S": (300.0, 100.0)}, [*both_ways, ("D", "S")], u_turns=True)
    stretch = dict(zip(town.edge_id, stretches(town, CAR).tolist(), strict=True))
    assert stretch["A-B"] == stretch["B-C"] == stretch["C-D"]
    assert stretch["E-D"] != stretch["D-C"] == stretch["C-B"] == stretch["B-A"]
    assert stretch["D-E"] != stretch["C-D"]
    assert stretch["A-B"] != stretch["B-A"]


def test_counts_of_a_stretch_clash_where_they_are_far_apart_in_the_same_interval() -> None:
    town = make_town(PLACES, [("A", "B"), ("B", "C"), ("C", "D")])
    rows = [("A-B", 0, 900.0), ("B-C", 0, 100.0), ("C-D", 0, 890.0), ("A-B", 3_600, 300.0), ("B-C", 3_600, 310.0)]
    counts = Counts(
        graph=town,
        edge=np.array([town.edge_index[name] for name, _, _ in rows], np.int32),
        begin_s=np.array([begin_s for _, begin_s, _ in rows], float),
        end_s=np.array([begin_s + 3_600 for _, begin_s, _ in rows], float),
        count=np.array([count for _, _, count in rows]),
    )
    assert [clash.rows for clash in clashes_of(counts, CAR)] == [(0, 2, 1)]
