PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.made

.PHONY: env demo test lint check bench torture faults fuzz dist deb rpm packages-test mutants docs clean
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

faults: $(STAMP)
	$(BIN)/onelinstor sandbox torture --faults

FUZZ ?= 20
fuzz: $(STAMP)
	FUZZ=$(FUZZ) $(BIN)/pytest -n 2 tests/fuzz

# the packages are for the Python that makes them
PACKAGE_PYTHON ?= /usr/bin/python3
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)

dist:
	sh packaging/dist.sh $(PACKAGE_PYTHON)

deb: dist
	sh packaging/deb/build.sh $(PACKAGE_PYTHON)

rpm: dist
	sh packaging/rpm/build.sh $(PACKAGE_PYTHON)

docs: $(STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@echo build/site/index.html

mutants: $(STAMP)
	$(BIN)/python -m tests.mutants

packages-test: $(STAMP)
	PACKAGES=1 $(BIN)/pytest tests/packaging

clean:
	rm -rf $(VENV) .tox build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
