"""Print a page as PDF with WeasyPrint, an optional extra; nothing is fetched for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from trafficdiff.errors import MissingDependencyError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["require_pdf", "write_pdf"]

_HOW: Final = (
    "pip install 'trafficdiff[pdf]', and its system libraries: apt install libpango-1.0-0 libpangoft2-1.0-0 "
    "libharfbuzz-subset0 (macOS: brew install pango); or print the HTML file from a browser"
)


def require_pdf() -> None:
    """Refuse where a PDF cannot be made.

    Raises
    ------
    MissingDependencyError
        If WeasyPrint, or a library of the system that it needs, is not installed.
    """
    _weasyprint()


def write_pdf(page: str, path: Path) -> None:
    """Write an HTML page as tagged PDF.

    Raises
    ------
    MissingDependencyError
        If WeasyPrint is not installed.
    """
    weasyprint = _weasyprint()
    nothing = weasyprint.urls.URLFetcher(allowed_protocols=())
    weasyprint.HTML(string=page, url_fetcher=nothing).write_pdf(str(path), pdf_tags=True)


def _weasyprint() -> Any:
    try:
        import weasyprint  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except (ImportError, OSError) as error:
        raise MissingDependencyError(f"expected WeasyPrint to write a PDF, got: {error}; {_HOW}") from error
    return weasyprint
