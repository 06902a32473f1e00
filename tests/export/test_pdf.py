"""A PDF is an extra: without it the error says what to install, with it nothing is fetched."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from trafficdiff.errors import MissingDependencyError
from trafficdiff.export.pdf import require_pdf, write_pdf

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_missing_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'trafficdiff\[pdf\]'") as caught:
        require_pdf()
    assert caught.value.exit_code == 3


def test_a_page_becomes_a_pdf_and_what_it_points_to_is_not_fetched(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("weasyprint", reason="needs the extra: pip install 'trafficdiff[pdf]'")
    write_pdf(
        '<html lang="en"><title>t</title><p>text</p><img src="http://127.0.0.1:9/x.png"></html>', tmp_path / "a.pdf"
    )
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF-")
    assert "disallowed protocol" in caplog.text
