# Everything that a fresh machine needs: make demo, make test. PYTHON names the interpreter, 3.11 or later.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: demo test test-all docs fuzz check bench bench-smoke bench-tpc format clean

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $(STAMP)

demo: $(STAMP)
	$(BIN)/rem-arrow demo

# A process for each core; a file of tests runs in one.
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile
test: $(STAMP)
	$(PYTEST)

test-all: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[notebooks,interop]'
	$(PYTEST) -m 'long or not long'

# Pages that are made: the reference, the outputs of code blocks, the tables.
docs: $(STAMP)
	$(BIN)/python -m tests.docs

# Random queries beside DuckDB, for an hour; SEED and MINUTES as you like.
SEED ?= 1
MINUTES ?= 60
fuzz: $(STAMP)
	$(BIN)/python -m tests.fuzz --minutes $(MINUTES) --seed $(SEED)

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_layering.py tests/test_size.py

bench: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	$(BIN)/python -m benchmarks

bench-smoke: $(STAMP)
	$(BIN)/python -m benchmarks --smoke

bench-tpc: $(STAMP)
	$(BIN)/python -m benchmarks.tpc --suite tpch
	$(BIN)/python -m benchmarks.tpc --suite tpcds

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
