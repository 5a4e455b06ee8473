# Everything a person does with this repository. Needs Python 3.11 or newer and make; the rest is set up here.

PYTHON ?= python3
ARGS ?=
PACKAGE ?= domain/worktime
TESTS ?=
SEED ?= 1
MINUTES ?= 10
RATE ?= 300
FAILPOINTS ?= 0
CLUSTER ?= 0
PROGRESS ?=
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
BUILT_FROM := $(shell find dashboard -name node_modules -prune -o -type f -print 2>/dev/null) \
	ops/embedded/jars.sha256 ops/embedded/jvm.py ops/embedded/archive.py
LOCK := pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --annotation-style=line \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test proof torture mutants bench peers check format lock clean

help: ## Print each target with its line
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMPS)/system ## Set everything up: .venv, the broker's jars, the built dashboard

demo: setup ## Start everything and show a moving wall; Ctrl-C ends it (ARGS="..." is passed on)
	@$(BIN)/liandong demo $(ARGS)

test: setup ## Run all tests: unit, proof, integration, acceptance (ARGS="..." is passed on)
	@$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder \
		tests/unit tests/proof tests/acceptance tests/integration $(ARGS)

proof: setup ## Prove the laws with many times more questions than CI asks (takes an hour; ARGS="..." is passed on)
	@LIANDONG_PROOF=long $(BIN)/pytest tests/proof $(ARGS)

torture: setup ## Break whole systems under load, compare everything (SEED=1 MINUTES=10 RATE=300 FAILPOINTS=0 CLUSTER=0 PROGRESS=FILE)
	@$(BIN)/python -m tests.support.torture --seed $(SEED) --minutes $(MINUTES) --rate $(RATE) \
		--failpoints $(FAILPOINTS) --cluster $(CLUSTER) $(if $(PROGRESS),--progress "$(PROGRESS)")

mutants: setup ## Change a package's code in small ways and see which tests notice (PACKAGE=domain/worktime TESTS="...")
	@.ci/mutants "$(PACKAGE)" "$(TESTS)"

bench: setup ## Measure everything that has a goal, beside floors and peers (ARGS="..." is passed on; nine minutes a round)
	@$(BIN)/liandong bench all $(ARGS)

peers: $(STAMPS)/peers ## Set up .peers: others' libraries that `liandong bench year --peers .peers` measures beside us

check: setup ## Check format, lint, types and the import direction
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	$(BIN)/liandong dashboard check

format: $(STAMPS)/project ## Format the Python code and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## Rewrite requirements/*.txt with hashes after a change in pyproject.toml (takes minutes)
	$(PYTHON) -m venv .lock
	.lock/bin/pip install --quiet pip-tools==7.6.2
	.lock/bin/$(LOCK) --output-file requirements/runtime.txt pyproject.toml
	cp requirements/runtime.txt requirements/dev.txt
	.lock/bin/$(LOCK) --extra dev --output-file requirements/dev.txt pyproject.toml
	.lock/bin/$(LOCK) --output-file requirements/peers.txt requirements/peers.in
	rm -rf .lock

clean: ## Remove what setup, tests and checks made here (not the per-user cache and data)
	rm -rf $(VENV) .peers .lock .mutation build liandong.egg-info dashboard/node_modules api/static .pytest_cache .ruff_cache \
		.import_linter_cache .hypothesis test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: each step is done again only when what it was made from is newer.

$(STAMPS)/python:
	@command -v $(PYTHON) >/dev/null || { echo "There is no '$(PYTHON)' here. Install Python 3.11 or newer," \
		"or name another one: make setup PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "'$(PYTHON)' is" \
		"$$($(PYTHON) -V 2>&1); liandong needs Python 3.11 or newer. Name one: make setup PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "'$(PYTHON)' cannot make environments:" \
		"its venv part is missing. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@mkdir -p $(@D) && touch $@

$(STAMPS)/packages: requirements/dev.txt | $(STAMPS)/python
	$(BIN)/pip install --require-hashes --requirement requirements/dev.txt
	@touch $@

$(STAMPS)/project: pyproject.toml $(STAMPS)/packages
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(STAMPS)/peers: requirements/peers.txt | $(STAMPS)/python
	$(PYTHON) -m venv --clear .peers
	.peers/bin/pip install --quiet --require-hashes --requirement requirements/peers.txt
	@touch $@

$(STAMPS)/system: $(STAMPS)/project $(BUILT_FROM)
	$(BIN)/liandong setup
	@touch $@
