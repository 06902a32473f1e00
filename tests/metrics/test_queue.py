"""Queues against the town worked out on paper."""

from __future__ import annotations

import numpy as np

from tests.metrics.hand_town import ensemble, hand_data
from trafficdiff.metrics import queue


def test_queue_is_the_mean_number_standing_times_their_spacing() -> None:
    # a: 2000 s / 600 s x 7.5 m = 25 m; then four cars stand all the time: 30 m
    np.testing.assert_allclose(queue.queue_length(hand_data()), [[0, 0, 0], [25, 0, 0], [30, 0, 0]])


def test_longer_vehicles_make_longer_queues() -> None:
    np.testing.assert_allclose(queue.queue_length(hand_data(), spacing_m=15.0)[2], [60, 0, 0])


def test_the_longest_queue_keeps_leading_dimensions() -> None:
    np.testing.assert_allclose(queue.max_queue_length(ensemble(hand_data())), [[30, 60], [15, 90]])
