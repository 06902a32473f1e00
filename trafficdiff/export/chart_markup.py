"""Put a chart into a page: by day and by night, as wide as the page, with a title that is read aloud."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from trafficdiff.export.charts import ChartLook, as_svg

if TYPE_CHECKING:
    from collections.abc import Callable

    import altair as alt

__all__ = ["chart_markup"]

_SIZE: Final = re.compile(r'^<svg[^>]*?viewBox="([^"]*)"[^>]*>')
_IDS: Final = re.compile(r'(\sid="|url\(#|href="#)')


def chart_markup(
    draw: Callable[[ChartLook], alt.LayerChart], *, look: ChartLook, name: str, title: str, description: str
) -> Markup:
    """Return a chart twice, for light and for dark pages; the style sheet shows one of them.

    Parameters
    ----------
    draw
        Makes the chart in a look.
    look
        Size and decimal mark.
    name
        Unique on the page; ids begin with it.
    title, description
        What a reader who cannot see it is told.
    """
    return Markup("").join(
        Markup('<div class="by-{theme}">{svg}</div>').format(
            theme=theme,
            svg=_inline(as_svg(draw(replace(look, theme=theme))), name=f"{name}-{theme}", title=title,
                        description=description),
        )
        for theme in ("light", "dark")
    )  # fmt: skip


def _inline(svg: str, *, name: str, title: str, description: str) -> Markup:
    """Return the drawing with ids of its own, without a fixed size, and with a title."""
    found = _SIZE.match(svg)
    if found is None:
        raise ValueError(f"expected an SVG picture with a view box, got {svg[:80]!r}")
    head = Markup(
        '<svg class="chart" viewBox="{box}" role="img" aria-labelledby="{n}-t {n}-d" '
        'xmlns="http://www.w3.org/2000/svg"><title id="{n}-t">{title}</title><desc id="{n}-d">{description}</desc>'
    ).format(box=found.group(1), n=name, title=title, description=description)
    return head + Markup(_IDS.sub(rf"\g<1>{name}-", svg[found.end() :]))  # noqa: S704 - vl-convert escapes every text
