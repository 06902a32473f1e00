from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trafficdiff.datatypes.chance import Chance


def test_a_trips_number_depends_on_nothing_but_its_id():
    chance = Chance("k")
    together = chance.uniforms(["a", "b", "c"])
    assert chance.uniforms(["c", "a"]).tolist() == together[[2, 0]].tolist()


def test_numbers_are_the_same_on_every_machine():
    assert Chance("k").uniforms(["a", "b"], "x").tolist() == [0.029893313616328077, 0.13911773441237585]


def test_keys_and_purposes_give_independent_numbers():
    names = [str(number) for number in range(4_000)]
    columns = [Chance("k").uniforms(names), Chance("k").uniforms(names, "x"), Chance("l").uniforms(names)]
    assert np.abs(np.corrcoef(columns) - np.eye(3)).max() < 0.06


def test_numbers_are_uniform():
    names = [f"trip{number}" for number in range(4_000)]
    squares = []
    for number in range(50):
        values = Chance(f"key{number}").uniforms(names)
        assert 0 <= values.min() < values.max() < 1
        counts, _ = np.histogram(values, bins=20, range=(0, 1))
        squares.append(((counts - 200) ** 2 / 200).sum())
    assert abs(np.mean(squares) - 19) < 4 * np.sqrt(2 * 19 / 50)  # chi-square, 19 degrees of freedom


def test_equal_streams_draw_equal_keys():
    first, second, third = (Chance.drawn(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first == second != third


@given(count=st.integers(1, 500), share=st.floats(0.05, 0.95))
def test_even_numbers_hold_the_share_of_any_stretch(count, share):
    values = Chance("k").evenly(count)
    assert abs((values < share).sum() - share * count) < 2 + np.log2(count + 1)
    assert values.tolist() == Chance("k").evenly(count + 5)[:count].tolist()
