# Everything a newcomer needs: `make quickstart` and `make test`. Both make .venv first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: quickstart test lint fix bench clean

quickstart: $(INSTALLED)
	$(BIN)/corpus-tuner quickstart

test: $(INSTALLED)
	$(BIN)/pytest

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy corpus_tuner indexes eval

fix: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(INSTALLED)
	$(BIN)/python -m benchmarks.encoding
	$(BIN)/python -m benchmarks.generation
	$(BIN)/python -m benchmarks.memory
	$(BIN)/python -m benchmarks.search

clean:
	rm -rf $(VENV) build dist *.egg-info quickstart results

$(INSTALLED): setup.cfg pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@
