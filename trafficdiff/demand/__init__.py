"""Who drives where, when and how: baselines, and the router that turns agents into trips.

The module ``generate`` turns the demand of a scenario into trips; the functions here are its steps.
"""

from trafficdiff.demand.gravity import gravity_agents
from trafficdiff.demand.router import route
from trafficdiff.demand.uniform import uniform_agents

__all__ = ["gravity_agents", "route", "uniform_agents"]
