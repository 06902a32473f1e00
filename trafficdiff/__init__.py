"""Simulate a city's traffic and EV charging: roads, sampled demand, SUMO replay, metrics.

Every step is a function from one data type to the next; `trafficdiff.workflows` knows their order.
Nothing heavy is imported here: a public name is imported when it is first used (SPEC 1 of Scientific Python; PEP 562).

::

    import trafficdiff as td

    base = td.read_scenario("study.yaml")
    closed = base.with_measures([{"kind": "close_road", "where": {"streets": ["Pitkäsilta"]}}], name="Bridge out")
    td.ensemble([base, closed], samples=10, directory="study")
    print(td.compare("study", scenario="Bridge out").kpis)
"""

from importlib import import_module

_MODULES = {
    "Scenario": "trafficdiff.datatypes.scenario",
    "compare": "trafficdiff.workflows.compare",
    "ensemble": "trafficdiff.workflows.ensemble",
    "open_study": "trafficdiff.store.stack",
    "optimise": "trafficdiff.workflows.optimise",
    "plan": "trafficdiff.workflows.plan",
    "read_scenario": "trafficdiff.datatypes.scenario_files",
    "run": "trafficdiff.workflows.run",
    "sweep": "trafficdiff.workflows.sweep",
    "write_scenario": "trafficdiff.datatypes.scenario_files",
}
"""Where each public name is at home; ``__init__.pyi`` tells type checkers the same."""

__all__ = [
    "Scenario",
    "__version__",
    "compare",
    "ensemble",
    "open_study",
    "optimise",
    "plan",
    "read_scenario",
    "run",
    "sweep",
    "write_scenario",
]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'trafficdiff' has no attribute {name!r}")
    value = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
