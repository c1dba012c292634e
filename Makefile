# make study: run the laptop study.  make test: run the tests; make quick: those that start no Ray.
# make check: everything a change must pass.
PYTHON ?= python3
VENV ?= .venv
STUDY ?= jobs/efficiency_laptop.toml
BIN = $(VENV)/bin

study: $(VENV)/ready ; $(BIN)/raystudy run $(STUDY)
test: quick ; $(BIN)/pytest -m slow
quick: $(VENV)/ready ; $(BIN)/pytest -m "not slow" --numprocesses auto --maxprocesses 4 --dist loadfile
lint: $(VENV)/ready ; $(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports
check: lint test
format: $(VENV)/ready ; $(BIN)/ruff format . && $(BIN)/ruff check --fix .
clean: ; rm -rf $(VENV) data/studies

$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "raystudy needs Python 3.11 or newer: make PYTHON=python3.12 study")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

.PHONY: study test quick lint check format clean
