# The stable targets: run, test, check, bench (and proof, lock, setup).
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin

.PHONY: run test check bench proof setup setup-dev lock

setup: .venv/.runtime
setup-dev: .venv/.dev

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.runtime: requirements.txt .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/.dev: requirements-dev.txt .venv/.runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

run: setup
	exec env PORT=$(PORT) $(BIN)/flask serve

# Commands are started hundreds of times by tests: what Python compiled is kept, whatever the environment says.
test: setup-dev
	sh tests/install_tools.sh
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not proof" $(TESTS)

check: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/flask knowledge check

bench: setup-dev
	$(BIN)/python -m tests.bench

proof: setup-dev
	sh tests/install_tools.sh
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -m proof --timeout 3600 -o log_cli=true $(TESTS)

lock: setup-dev
	$(BIN)/pip-compile -q --no-header --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links -o requirements.txt requirements.in
	$(BIN)/pip-compile -q --no-header --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links -o requirements-dev.txt requirements-dev.in
