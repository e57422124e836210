# The development commands. None needs root; `.ci/run` is everything that CI checks.
PYTHON ?= python3
BIN := .venv/bin
BENCH ?= execution.py

.PHONY: setup dev test lint types check schemas constraints references deploy bench

setup:  ## create .venv with the pinned development versions, and the JavaScript packages if there is npm
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q -c constraints.txt -e '.[test,lint]'
	if command -v npm >/dev/null; then cd tests/apollo && npm ci --no-audit --no-fund --loglevel=error; fi

dev:  ## run everything on this machine: PostgreSQL, a gateway, a mail server that keeps what it gets
	$(BIN)/bulksend dev

test:  ## run the tests
	$(BIN)/pytest -n 3

lint:  ## check style, imports and SQL
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/sqlfluff lint sql/queries sql/migrations sql/views.sql

types:  ## check types
	$(BIN)/mypy
	$(BIN)/mypy tests

schemas:  ## write sql/schema.sql and schema/schema.graphql anew
	$(BIN)/python .ci/write-schemas

check: lint types test schemas  ## what a change must pass before a pull request
	git diff --exit-code -- sql/schema.sql schema/schema.graphql

constraints:  ## write constraints.txt anew: the newest versions that pyproject.toml allows
	fresh=$$(mktemp -d) && $(PYTHON) -m venv $$fresh && $$fresh/bin/pip install -q -e '.[test,lint,bench]' && \
	{ head -1 constraints.txt; $$fresh/bin/pip freeze --exclude-editable; } > constraints.new && \
	mv constraints.new constraints.txt && rm -r $$fresh

references:  ## require that a language server finds every reference of a class
	$(BIN)/python .ci/check_references.py $(BIN)/basedpyright-langserver

deploy:  ## run the README's Deploy block in a clean virtual environment
	$(BIN)/python .ci/check_deploy.py

bench:  ## run a benchmark: make bench BENCH=execution.py
	$(BIN)/python tests/bench/$(BENCH)
