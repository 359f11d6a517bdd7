# Prism: `make demo` to see it, `make test` to check it. Everything is installed into .venv.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check
CONSTRAINTS := $(if $(wildcard constraints.txt),-c constraints.txt)

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench e2e vendor clean

help: ## show this list
	@echo "Prism: make demo starts everything. The other targets:"
	@sed -n 's/^\([a-z0-9]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: $(VENV)/.dev ## install everything into .venv (needs nothing running)

demo: $(VENV)/.runtime ## start Prism with the demo study; PORT=8080 for another port
	@exec $(PY) manage.py demo --port $(PORT)

test: $(VENV)/.dev ## the whole test suite, against real PostgreSQL and Redis
	PYTHONDONTWRITEBYTECODE= $(PY) -m pytest -n 4 --dist loadscope --no-loadscope-reorder  # more than cores: many wait; its many processes share what is compiled

e2e: $(VENV)/.dev ## only the tests in a real browser
	$(PY) -m pytest -m browser

check: $(VENV)/.dev ## format, lint, types, import directions, migrations, deployment settings
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy .
	$(VENV)/bin/lint-imports
	$(VENV)/bin/djlint --check --quiet templates
	$(VENV)/bin/djlint --lint --quiet templates
	$(PY) manage.py makemigrations --check --dry-run
	$(PY) scripts/check_production.py

bench: $(VENV)/.dev ## measure streaming under load and print a table
	@$(PY) manage.py bench

vendor: $(VENV)/.dev ## fetch the libraries under static/vendor again and verify them
	$(PY) scripts/vendor.py

clean: ## remove .venv and caches; the data under var/ stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# Without pip a .venv is one whose making was interrupted.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Prism needs Python 3.11 or newer, and \`$(PYTHON)\` is older or missing." >&2; \
	  echo "Name another one: make PYTHON=/path/to/python3.12 setup" >&2; exit 1; }
	@echo "Making .venv with $$($(PYTHON) --version) …"
	@$(PYTHON) -m venv --clear $(VENV) || { \
	  echo "Python's venv module is missing or incomplete (Debian: apt install python3-venv)." >&2; exit 1; }
	@touch $@

$(VENV)/.runtime: requirements.txt $(wildcard constraints.txt) | $(VENV)/.made
	@echo "Installing what Prism needs (about a minute) …"
	$(PIP) install $(CONSTRAINTS) -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	@echo "Installing what tests and checks need …"
	$(PIP) install $(CONSTRAINTS) -r requirements-dev.txt
	@touch $@
