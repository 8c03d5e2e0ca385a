# `make help` says what there is. Needed: make, and Python 3.11 or newer with venv.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)
CATALOGUES := $(wildcard portal/translations/*/LC_MESSAGES/*.po)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## Say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-10s %s\n", $$1, $$2 }'

.PHONY: run
run: $(VENV)/run.stamp translations ## Start the portal on http://127.0.0.1:8000 (PORT=… for another port)
	@PORTAL_ENV=development $(BIN)/python -m portal.development.run

.PHONY: install
install: $(VENV)/run.stamp translations ## Set up without starting, for a server
	@:

# More processes than cores: half of the time they wait, for servers, browsers and workers of their own.
PROCESSES = $(if $(TESTS),,--numprocesses $(shell python3 -c 'import os; print(2 * (os.cpu_count() or 1))') \
  --dist loadfile --no-loadscope-reorder)

.PHONY: test
test: $(VENV)/dev.stamp translations ## Run all tests (TESTS="tests/mail -x" for some; TEST_DATABASE_URL=… for PostgreSQL too)
	@$(BIN)/python -m pytest $(PROCESSES) $(TESTS)

.PHONY: check
check: lint ## Everything CI checks: lint, then all tests, with nothing left out
	@PORTAL_TESTS_COMPLETE=1 $(BIN)/python -m pytest $(PROCESSES)

.PHONY: lint
lint: $(VENV)/dev.stamp translations ## Check format, style, types, floors, templates and requirements
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/djlint --quiet --lint templates
	$(BIN)/python -m pip check

.PHONY: fmt
fmt: $(VENV)/dev.stamp ## Format the code and mend what can be mended
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: catalogue
catalogue: $(VENV)/dev.stamp ## Bring the English catalogue up to date with the source texts
	@$(BIN)/pybabel --quiet extract --mapping-file pyproject.toml --keywords "_l" --keywords "_" --no-location --sort-output \
	  --project portal --version "" --output-file $(VENV)/portal.pot .
	@$(BIN)/pybabel --quiet update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --init-missing --locale en --domain messages \
	  --input-file $(VENV)/portal.pot --output-dir portal/translations

.PHONY: bench
bench: $(VENV)/dev.stamp translations ## Measure the portal beside its limits; needs wrk; TEST_DATABASE_URL for PostgreSQL too
	@$(BIN)/python -m bench $(BENCH)

.PHONY: lock
lock: $(VENV)/dev.stamp ## Compile the lists of requirements anew (UPGRADE=1 for newer versions)
	@$(COMPILE) requirements.in --output-file requirements.txt
	@$(COMPILE) requirements-dev.in --output-file requirements-dev.txt

.PHONY: clean
clean: ## Remove what was installed and compiled; the data in instance/ stay
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find portal tests bench -name __pycache__ -prune -exec rm -rf {} +
	rm -f portal/translations/*/LC_MESSAGES/*.mo

.PHONY: translations
translations: $(CATALOGUES:.po=.mo)

%.mo: %.po | $(VENV)/run.stamp
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

# A stamp for each list that has been installed: a second start looks at two dates and goes on.
$(VENV)/python.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or newer is needed; '$(PYTHON)' is $$($(PYTHON) --version 2>/dev/null || echo missing)." >&2; \
	  echo "If you have one under another name: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python lacks venv. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@touch $@

$(VENV)/run.stamp: requirements.txt | $(VENV)/python.stamp
	@echo "Installing what the portal runs on …"
	@$(INSTALL) -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/run.stamp
	@echo "Installing what tests and checks need …"
	@$(INSTALL) -r requirements-dev.txt
	@touch $@
