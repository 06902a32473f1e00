"""The demo makes a new run each time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trafficdiff.store.claim import claiming
from trafficdiff.workflows import demo

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_second_demo_takes_the_next_name_even_while_the_first_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []
    monkeypatch.setattr(demo, "run_file", lambda _, *, directory, progress: made.append(directory))
    monkeypatch.chdir(tmp_path)
    demo.demo()
    with claiming(tmp_path / "runs" / "demo"):
        demo.demo()
        (tmp_path / "runs" / "demo-2").mkdir()
        demo.demo()
    demo.demo(tmp_path / "elsewhere")
    assert [path.name for path in made] == ["demo", "demo-2", "demo-3", "elsewhere"]
