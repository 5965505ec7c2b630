PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.made

.PHONY: env demo test lint check bench torture clean
.DELETE_ON_ERROR:

env: $(STAMP)

$(STAMP): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'tox>=4' -e '.[dev]'
	touch $@

demo: $(STAMP)
	$(BIN)/onelinstor sandbox demo

test: $(STAMP)
	$(BIN)/tox

lint: $(STAMP)
	$(BIN)/ruff format --check src tests features
	$(BIN)/ruff check src tests features
	$(BIN)/mypy
	PYTHONPATH=src $(BIN)/lint-imports

check: lint test

bench: $(STAMP)
	$(BIN)/python -m tests.bench

torture: $(STAMP)
	TORTURE=1 $(BIN)/pytest -n 2 tests/properties
	$(BIN)/onelinstor sandbox torture

clean:
	rm -rf $(VENV) .tox build .mypy_cache .ruff_cache .pytest_cache .hypothesis
