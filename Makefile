# Two commands: `make run` and `make test`. Needs Python 3.11 or later, make and a network.
PYTHON ?= python3
BIN := .venv/bin
SHELL := /bin/sh

.PHONY: run test setup spark format lock clean

run: .venv/run.done
	$(BIN)/detente demo

test: .venv/test.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	FULL="$(FULL)" $(BIN)/python -m pytest -n 3 --dist loadgroup --no-loadscope-reorder

setup: .venv/run.done

# What it takes to work on a Spark Connect server (engine.url).
spark: .venv/spark.done

format: .venv/test.done
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.venv/%.done: requirements/%.txt requirements/bootstrap.txt pyproject.toml | .venv/bootstrap.done
	$(BIN)/uv pip install -q --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/$*.txt
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation --config-settings editable_mode=compat -e .
	@touch $@

.venv/bootstrap.done: requirements/bootstrap.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Détente needs Python 3.11 or later; name one with: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq python3-venv; } || \
	  { echo "Python's venv module is missing; on Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@touch $@

# Renews the hash-locked requirements from pyproject.toml.
lock: .venv/bootstrap.done
	$(BIN)/uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --group build -o requirements/run.txt
	$(BIN)/uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --group build --extra spark -c requirements/run.txt -o requirements/spark.txt
	$(BIN)/uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --group build --extra test -c requirements/spark.txt -o requirements/test.txt
	echo "uv" | $(BIN)/uv pip compile -q - --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header -o requirements/bootstrap.txt

clean:
	rm -rf .venv .detente test-artefacts build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
