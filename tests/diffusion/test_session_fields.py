"""What neighbours and surroundings tell of a site's use."""

from __future__ import annotations

import numpy as np
import pytest

from trafficdiff.diffusion.session_fields import SiteField, field_of, ridge_of


def test_a_field_follows_what_varies_over_space_and_falls_back_to_the_mean_far_away() -> None:
    random = np.random.default_rng(0)
    at_deg = np.stack([random.uniform(9.8, 10.2, 150), random.uniform(53.4, 53.7, 150)], axis=1)
    use = 0.4 + 0.2 * np.sin(20 * at_deg[:, 0])
    field = field_of(at_deg, use + 0.02 * random.normal(size=150))
    asked = np.array([[9.9, 53.5], [10.1, 53.6]])
    assert field.at(asked) == pytest.approx(0.4 + 0.2 * np.sin(20 * asked[:, 0]), abs=0.1)
    assert field.at(np.array([[20.0, 60.0]])) == pytest.approx(use.mean(), abs=0.05)


def test_where_nothing_varies_over_space_the_field_is_nearly_flat() -> None:
    random = np.random.default_rng(1)
    at_deg = np.stack([random.uniform(9.8, 10.2, 200), random.uniform(53.4, 53.7, 200)], axis=1)
    use = random.normal(0.4, 0.1, 200)
    assert field_of(at_deg, use).at(at_deg).std() < 0.5 * use.std()


def test_plain_values_bring_a_field_back_and_what_is_not_finite_is_refused() -> None:
    field = SiteField(np.array([[10.0, 53.5]]), np.array([0.1]), 0.3, 1.0)
    assert SiteField.from_dict(field.as_dict()).at(np.array([[10.0, 53.5]])) == pytest.approx([0.4])
    with pytest.raises(ValueError, match="finite"):
        SiteField.from_dict(field.as_dict() | {"weight": [float("nan")]})


def test_a_regression_finds_the_number_that_matters() -> None:
    numbers = np.random.default_rng(0).normal(size=(200, 4))
    _, scale, weight = ridge_of(numbers, 0.5 * numbers[:, 2] - (0.5 * numbers[:, 2]).mean())
    assert weight[2] / scale[2] == pytest.approx(0.5, rel=0.1)
    assert max(abs(weight[place]) for place in (0, 1, 3)) < 0.05
