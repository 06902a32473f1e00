"""Build the outside validators that `trafficdiff validate` runs; `make validators` calls this."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trafficdiff.errors import TrafficdiffError
from trafficdiff.workflows.validators import VALIDATORS, build_validators, validators_folder


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *[one.name for one in VALIDATORS]], help="default: all")
    parser.add_argument("--folder", type=Path, default=validators_folder())
    options = parser.parse_args()
    try:
        build_validators(options.folder, names=options.names, progress=lambda stage, _: print(stage, flush=True))
    except TrafficdiffError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    for one in VALIDATORS:
        print(f"{one.name}: {'ready' if one.is_ready(options.folder) else 'not built'}: {one.checkers}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
