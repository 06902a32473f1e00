"""Turn what a simulation measured into what a planner asks for; one function a metric.

``compute`` and ``summary`` make the dataset of a whole run. The modules hold the metrics by idea: ``congestion``,
``reliability``, ``level_of_service``, ``queue``, ``fundamental_diagram``, ``area``, ``trips``, ``emissions``, ``geh``.
They are plain functions of a dataset that keep leading dimensions and read no files.
"""

from trafficdiff.metrics.geh import geh_share
from trafficdiff.metrics.run_metrics import compute, summary

__all__ = ["compute", "geh_share", "summary"]
