# Both commands do all set-up themselves, on a fresh machine with Python >= 3.11:
#   make tune    the main job on embedded data, about a minute
#   make test    style, types and tests

VENV := .venv
BIN := $(VENV)/bin
# The first Python that is new enough; name another with `make PYTHON=...`.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
PIP := $(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt

.PHONY: tune test lint clean

tune: $(VENV)/.run
	$(BIN)/wellbegun tune digits

test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q

lint: $(VENV)/.test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Stamps: written when an installation has come to its end, out of date when what it depends on changes.
$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and none was found; make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run: $(VENV)/.made pyproject.toml constraints.txt
	@echo "installing what wellbegun needs into $(VENV) (PyTorch is large; this happens once)"
	$(PIP) -e .
	@touch $@

$(VENV)/.test: $(VENV)/.run
	$(PIP) -e '.[test,dev]'
	@touch $@
