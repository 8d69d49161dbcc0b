# Two commands do everything on a fresh machine: `make demo` and `make test`.
# Needed beforehand: Python 3.11 or newer, and make. PYTHON=python3.12 make demo picks another one.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.moviegenre-installed

.DEFAULT_GOAL := help
.PHONY: help setup demo test torture lint types floors unit format docs benchmark clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(STAMP) ## Environment in .venv with everything development needs; does nothing the second time

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; found = ".".join(map(str, sys.version_info[:2])); sys.exit(None if sys.version_info >= (3, 11) else f"Python {found} found, 3.11 or newer expected; try: PYTHON=python3.12 make setup")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(STAMP)

demo: setup ## The model in the box, then all models on synthetic movies in minutes
	@echo "To open the page: $(BIN)/moviegenre serve, then http://127.0.0.1:8000/ in a browser"
	$(BIN)/moviegenre predict --examples
	$(BIN)/moviegenre reproduce --config configs/demo.yaml

test: setup lint types floors unit ## Lint, types, import floors and tests; what CI runs

torture: setup ## Minutes of injected faults and attacks, which `make test` leaves out
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m torture tests

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

floors: setup
	$(BIN)/lint-imports

unit: setup # one thread for each of two workers: tiny tensors gain nothing from two
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

format: setup ## Rewrite the code in the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup ## The documentation as a site in site/, with the reference; a warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "open site/index.html"

benchmark: setup ## Speed of training against a named baseline, in one run
	$(BIN)/python benchmarks/bert_training.py

clean: ## Remove the environment, the demo's files and all caches
	rm -rf $(VENV) runs/demo site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
