# Everything sets itself up: the virtual environment is made on first use and follows pyproject.toml.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Two for each core, since tests wait about as long as they compute: for servers, deadlines, other processes.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(2 * os.cpu_count())')

.PHONY: demo test test-slow mutants lint format bench fuzz build clean
.DEFAULT_GOAL := demo

$(READY): pyproject.toml
	@command -v git >/dev/null || { echo "agentgov needs git: install it first" >&2; exit 2; }
	@command -v ssh-keygen >/dev/null || { echo "agentgov needs OpenSSH (ssh-keygen): install it first" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "agentgov needs Python 3.11 or later; say which with: make PYTHON=python3.12" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(READY)

demo: $(READY)  ## the whole story on a throw-away fleet, in under a minute
	@$(BIN)/agentgov demo

test: $(READY)  ## the tests, within ten minutes on two cores
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

test-slow: $(READY)  ## what takes longer: crashes at random moments, large fleets
	$(BIN)/python -m pytest -m slow -rs -n $(WORKERS) --dist worksteal

mutants: $(READY)  ## guards taken away one at a time; a test must notice each
	PYTHONPATH=tests $(BIN)/python -m mutants.run

lint: $(READY)  ## style, types, and the layers of the architecture
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tests/house.py

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)  ## figures of this machine, as tables
	@for script in benchmarks/bench_*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

fuzz: $(READY)  ## ten minutes of hostile bytes for the YAML reader; guided by coverage where atheris is installed
	@mkdir -p build/fuzz && cd build/fuzz && PYTHONPATH=$(CURDIR) $(CURDIR)/$(BIN)/python $(CURDIR)/tests/unit/validate/fuzz_yaml.py 600

build: $(READY)  ## wheel and sdist in dist/
	$(BIN)/python -m build

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
