# The workflow. `make demo` and `make test` set up all they need; the second time that is quick.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.run-stamp
DEV_STAMP := $(VENV)/.dev-stamp

.PHONY: help setup demo test lint types schema-check schemas format kafka lock release clean
help: ## What there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "make: no $(PYTHON); install Python 3.11 or newer, or name it: make PYTHON=/path/to/python3" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: $$($(PYTHON) -V) is too old; policywire needs Python 3.11 or newer (make PYTHON=python3.12)" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { echo "make: cannot create $(VENV); on Debian and Ubuntu: apt-get install python3-venv" >&2; rm -rf $(VENV); exit 2; }

$(RUN_STAMP): pyproject.toml | $(VENV)/bin/python
	@echo "setting up $(VENV) (a minute or two the first time)" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

# Dependency groups are installed by pip from version 25.1.
$(DEV_STAMP): $(RUN_STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dev
	@touch $@

setup: $(RUN_STAMP) ## Set up .venv

demo: $(RUN_STAMP) ## Replay the seed stories to alerts
	@$(BIN)/policywire replay seeds --table --alerts out/alerts.jsonl --report out/alerts.html

test: $(DEV_STAMP) ## Run every test
	@$(BIN)/python -m pytest

lint: $(DEV_STAMP) ## Check style and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(DEV_STAMP) ## Check types
	@$(BIN)/mypy

schemas: $(RUN_STAMP) ## Write schemas/json and schemas/asyncapi.yaml anew
	@$(BIN)/policywire schema --write

schema-check: $(RUN_STAMP) ## Check that the generated schemas are fresh
	@$(BIN)/policywire schema --check

format: $(DEV_STAMP) ## Format the code
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format --quiet .

kafka: $(DEV_STAMP) ## Run a Kafka broker to develop with (Docker, else Java) until Ctrl-C
	@$(BIN)/python -m deploy.kafka $(KAFKA)

# Keeps the versions that are in the files already: `make lock UPGRADE=--upgrade` takes the newest.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url $(UPGRADE)
lock: $(RUN_STAMP) ## Write deploy/*.lock anew
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(LOCK) pyproject.toml --output-file deploy/requirements.lock
	@$(LOCK) pyproject.toml --extra gcp --extra otel --output-file deploy/requirements-gcp.lock
	@$(LOCK) --group build --output-file deploy/build.lock
	@$(LOCK) --group release --output-file deploy/release.lock

release: ## Build what is released into dist/: packages, SBOM, image, checksums
	@deploy/release $(RELEASE)

clean: ## Remove what was set up and made
	rm -rf $(VENV) out dist .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
