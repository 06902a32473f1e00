"""Read OSI recordings back with omega-prime: ``python check_osi.py RESULT.json FILE...``."""

from __future__ import annotations

import json
import sys
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any


def ground_truths(file: str) -> int:
    """Return how many ground truth messages an MCAP file says it has."""
    from mcap.reader import make_reader

    with Path(file).open("rb") as stream:
        summary = make_reader(stream).get_summary()
        counts = summary.statistics.channel_message_counts
        return sum(counts[place] for place, one in summary.channels.items() if one.topic == "ground_truth")


def check(file: str) -> dict[str, Any]:
    """Return what omega-prime's own validation has against a recording, and how much is in it."""
    import omega_prime

    issues, facts = [], {}
    try:
        recording = omega_prime.Recording.from_file(file, validate=True, apply_proj=False)
        messages = ground_truths(file)
        facts = {"messages": messages, "frames": int(recording.df["frame"].n_unique()), "samples": recording.df.height}
        if recording.map is None:
            issues.append("expected an OpenDRIVE map in the recording, found none")
        if messages != facts["frames"]:
            issues.append(f"expected a frame a message, got {facts['frames']} frames of {messages} messages")
    except Exception as error:  # whatever the reader raises is a finding about the file
        issues.append(f"cannot be read: {type(error).__name__}: {str(error)[:2000]}")
    return {"file": file, "checker": "omega-prime", "version": version("omega-prime"), "issues": issues, "facts": facts}


def main(output: str, *files: str) -> None:
    """Check all files and write what was found."""
    warnings.simplefilter("ignore")
    Path(output).write_text(json.dumps([check(file) for file in files]), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
