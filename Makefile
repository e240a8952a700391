# `make demo` shows the sample district from adoption to a verified run; `make test` is what to run before a commit.
# Each installs what it needs under .venv (OPA in the user's cache folder), given Python 3.11 or later.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/pip --quiet --disable-pip-version-check

# Where the demo keeps its store, and the day that the sample district is made for.
DEMO := build/demo
DAY := 2027-06-29
export ICACCESS_STORE = sqlite:///$(DEMO)/icaccess.db

.PHONY: help setup demo test test-all check bench lock clean
.DELETE_ON_ERROR:

help:
	@echo "make demo      adopt, plan and apply the sample district, and explain one person"
	@echo "make test      every check, and every test that proves behavior"
	@echo "make test-all  the tests that take long: all mutants, kills, containers, browsers, large populations"
	@echo "make bench     measure (docs/performance.md)"
	@echo "make lock      renew the lock files in requirements/, and the pinned OPA"
	@echo "make clean     remove what these targets made"

setup: .venv/.runtime
	@$(BIN)/icaccess opa install

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; name one with make PYTHON=...")'
	$(PYTHON) -m venv .venv
	@touch $@

.venv/.runtime: .venv/.made requirements/runtime.txt requirements/build.txt pyproject.toml
	$(PIP) install --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	$(PIP) install --no-build-isolation --no-deps --editable .
	$(BIN)/python -m compileall -q pyclient/icaccess
	@touch $@

.venv/.dev: .venv/.runtime requirements/dev.txt
	$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

demo: setup
	@rm -rf $(DEMO) && mkdir -p $(DEMO)
	$(BIN)/icaccess adopt --at $(DAY)
	$(BIN)/icaccess plan --at $(DAY) --out $(DEMO)/plan.json
	$(BIN)/icaccess apply $(DEMO)/plan.json --at $(DAY) --yes
	$(BIN)/icaccess plan --at $(DAY)
	$(BIN)/icaccess decide 100309 --at $(DAY)

check: setup .venv/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/icaccess policy check
	$(BIN)/icaccess policy test --min-coverage 100

# Bytecode of the tests is kept, since to read them anew takes seconds.
PYTEST = unset ICACCESS_STORE PYTHONDONTWRITEBYTECODE; $(BIN)/pytest --dist loadgroup

# Three workers serve two cores best: many tests wait for a deadline to pass.
test: check
	$(PYTEST) --numprocesses 3 -m "not slow"

test-all: setup .venv/.dev
	$(PYTEST) --numprocesses 2 -m slow

bench: setup .venv/.dev
	unset ICACCESS_STORE; $(BIN)/python benchmarks/bench.py $(BENCH)

# Needs uv (pip install uv) and Go; renews every pinned version within what pyproject.toml allows, and OPA's to the
# newest fix release of the same minor version, wherever a file names it.
OPA_PINNED = $(shell sed -n 's/^VERSION = "\(.*\)"/\1/p' pyclient/icaccess/opa/program.py)
OPA_NEWEST = $(shell go list -m -versions github.com/open-policy-agent/opa | tr ' ' '\n' | \
	sed -n 's/^v\($(subst .,\.,$(basename $(OPA_PINNED)))\.[0-9]*\)$$/\1/p' | sort -V | tail -n 1)
OPA_NAMED = Dockerfile README.md deploy docker-compose.yml docs pyclient
LOCK = uv pip compile --quiet --upgrade --python-version 3.11 --generate-hashes --no-annotate --no-header
lock:
	$(LOCK) --extra all pyproject.toml --output-file requirements/runtime.txt
	$(LOCK) --extra all --extra dev --constraint requirements/runtime.txt pyproject.toml --output-file requirements/dev.txt
	printf 'hatchling\neditables\n' | $(LOCK) --constraint requirements/dev.txt - --output-file requirements/build.txt
	@test -n "$(OPA_NEWEST)" || { echo "lock: no release of OPA is listed: install Go, and check the network"; exit 1; }
	git grep -lF '$(OPA_PINNED)' -- $(OPA_NAMED) | xargs sed -i 's/$(subst .,\.,$(OPA_PINNED))/$(OPA_NEWEST)/g'

clean:
	rm -rf .venv build dist
