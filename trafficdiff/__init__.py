"""Simulate a city's traffic and EV charging: roads, sampled demand, SUMO replay, metrics.

Every step is a function from one data type to the next; `trafficdiff.workflows` knows their order.
Nothing heavy is imported here.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
