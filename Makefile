# Two commands do everything on a fresh machine: `make quickstart` and `make test`.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help install quickstart test lint bench docs clean
.DEFAULT_GOAL := help

help:
	@echo "make install     .venv with the exact versions of constraints.txt"
	@echo "make quickstart  MovieLens-100K, from logs to ablation report"
	@echo "make test        the test suite; needs no data beside the project"
	@echo "make lint        ruff, mypy --strict, import-linter"
	@echo "make bench       the benchmarks, JSON to stdout; they need EMBEDDING_FEATURES_DATA"
	@echo "make docs        docs/_build/html"

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test,docs]"
	touch $@

quickstart: install
	$(BIN)/embedding-features quickstart

test: install
	$(BIN)/python -m pytest -n 2 --dist worksteal

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install
	$(BIN)/python -m benchmarks.retrieval --dataset gowalla --method spectral --dim 512 --json
	$(BIN)/python -m benchmarks.graph_build --edges 20000000 --json

docs: install
	$(BIN)/python -m sphinx -q -W --keep-going -j auto docs docs/_build/html

clean:
	rm -rf workspace feature_repo/data build dist docs/_build docs/api *.egg-info
