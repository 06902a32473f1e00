# Each target sets up what it needs in .venv first. Needs Python 3.11 or newer and make, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTEST := $(BIN)/python -m pytest
CHROMIUM := $(firstword $(foreach name,chromium chromium-browser google-chrome,$(shell command -v $(name))))
GET_CHROMIUM := On Debian: apt-get install chromium

# Compiled modules are kept: hundreds of tests start Python anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo test test-slow test-all lint format bench wheel-check serve validators clean help

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: $(READY) ## make the virtual environment with everything in it

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "expected Python 3.11 or newer, got $$($(PYTHON) --version); run: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 3; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "expected Python's venv module; on Debian and Ubuntu: apt-get install python3-venv"; exit 3; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(READY) ## Helsinki's morning peak from OpenStreetMap to a table and a map
	$(BIN)/trafficdiff demo

test: $(READY) ## the fast tests, under three minutes
	$(PYTEST) -n 2 --dist worksteal -m "not slow and not browser and not network"
	@test -n "$(CHROMIUM)" || echo "No Chromium here: 'make test-slow' will skip the tests of the dashboard in a real browser. $(GET_CHROMIUM)"

test-slow: $(READY) ## the tests that `make test` leaves out
	$(PYTEST) -n 2 --dist worksteal -m "(slow or browser) and not network"
	@test -n "$(CHROMIUM)" || echo "Skipped for want of Chromium: the tests of the dashboard in a real browser. $(GET_CHROMIUM)"

test-all: test test-slow ## every test that needs no internet

lint: $(READY) ## formatting, lint, types, floors
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## write the formatting and the safe fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY) ## every figure with its baselines (BENCH="--full" for the large sizes)
	$(BIN)/python scripts/bench.py $(BENCH)

wheel-check: $(READY) ## build the wheel and run the demo from it in an empty environment
	$(BIN)/python scripts/check_wheel.py

serve: $(READY) ## the dashboard
	$(BIN)/trafficdiff serve

validators: $(READY) ## the outside checkers of `trafficdiff validate`, each in an environment of its own (3 GB)
	$(BIN)/python scripts/build_validators.py

clean: ## remove the virtual environment and all caches
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
