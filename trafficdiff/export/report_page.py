"""Turn a report into one HTML file: no script, nothing from outside, a policy that allows neither.

The policy stands in the page (https://www.w3.org/TR/CSP3/): nothing may be loaded, and the one style sheet is allowed
by its hash, so that a style that somebody smuggled in does nothing.
"""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from trafficdiff import __version__

if TYPE_CHECKING:
    from jinja2 import Template

    from trafficdiff.export.catalogue import Catalogue
    from trafficdiff.export.report_content import Report

__all__ = ["policy_of", "render"]

_TEMPLATE: Final = "report.html.j2"
_STYLE: Final = "report.css"


def render(content: Report, words: Catalogue) -> str:
    """Return the report as HTML; every text in it is escaped."""
    style = _text(_STYLE)
    return _template().render(
        report=content,
        word=lambda key, **values: words.word(f"report.{key}", **values),
        style=Markup(style),  # noqa: S704 - our own file
        policy=policy_of(style),
        version=__version__,
    )


def policy_of(style: str) -> str:
    """Return the content security policy that allows one style sheet and pictures inside the page, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


@lru_cache(maxsize=1)
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_text(_TEMPLATE))


def _text(name: str) -> str:
    return resources.files("trafficdiff.export").joinpath(name).read_text(encoding="utf-8")
