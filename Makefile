# Two commands are enough: `make run` and `make test`. Each does all its own set-up on a machine with Python 3.11+.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
FAST   := -m "not long and not corpus"
export PYTHONSAFEPATH = 1

.DEFAULT_GOAL := help
.PHONY: help demo run test check fast format bench torture recording replay docs dist lock clean

help: ## show this help
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

demo: $(VENV)/.run ## see it work, offline, in half a minute
	@$(BIN)/feedwitness demo

run: $(VENV)/.run ## watch a dozen official feeds with the shipped starter settings
	@$(BIN)/feedwitness run --config config/starter/feedwitness.toml

test: $(VENV)/.dev ## every test: pure, store, loopback, the real program, crash tests
	@$(BIN)/python -m pytest -n 2 --dist loadgroup

check: $(VENV)/.dev ## format, lint, types, layers and the fast tests: under a minute
	@$(BIN)/ruff format --check --quiet . || { echo "run \`make format\`"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo > .import-linter.log || { cat .import-linter.log; exit 1; }
	@$(BIN)/python -m pytest -n 2 $(FAST)

fast: $(VENV)/.dev ## the fast tests alone
	@$(BIN)/python -m pytest -n 2 $(FAST)

format: $(VENV)/.dev ## format the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix --quiet .

bench: $(VENV)/.dev ## the budgets of the design, beside bare libraries and a peer: writes docs/performance.md
	@$(BIN)/python -m bench

torture: $(VENV)/.dev ## 1,000 kills of the daemon at random moments, and at every named place
	@FEEDWITNESS_TORTURE=1000 $(BIN)/python -m pytest tests/torture -s

recording: $(VENV)/.dev ## record the demo anew for the top of the README: docs/demo.svg
	@$(BIN)/python -m bench.recording

replay: $(VENV)/.dev ## replay the real feed histories of FEEDWITNESS_CORPUS and print what was found
	@$(BIN)/python -m bench.replay

docs: $(VENV)/.dev ## the documentation as a site, in site/
	@$(BIN)/zensical build --clean --strict

dist: $(VENV)/.dev ## the wheel, the source archive, the bill of materials: the same bytes wherever they are made
	@rm -rf dist && $(BIN)/hatchling build -t sdist -t wheel && $(BIN)/python -m release.sbom dist
	@cd dist && sha256sum * > SHA256SUMS && cat SHA256SUMS

lock: ## write the hashed requirements anew (needs uv)
	@uv pip compile -q pyproject.toml --extra fulltext --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url --upgrade -o requirements/run.txt
	@uv pip compile -q --group build --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url --upgrade -o requirements/build.txt
	@uv pip compile -q pyproject.toml --group build --group test --group lint --group docs --universal --python-version 3.11 \
	  --generate-hashes --no-annotate --no-header --no-emit-index-url -c requirements/run.txt -c requirements/build.txt \
	  -o requirements/dev.txt

clean: ## remove the virtual environment and caches (never the log)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "feedwitness needs Python 3.11 or newer with its venv module (Debian: apt install python3-venv); PYTHON=… names another one"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt requirements/build.txt pyproject.toml | $(VENV)/bin/python
	@echo "setting up $(VENV) (once)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt -r requirements/build.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/bin/python
	@echo "setting up $(VENV) for tests (once)"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.run
