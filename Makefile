# What a newcomer types. Each target sets up what it needs in a virtual environment of the project's own:
#   make demo    read a real photo, print the Reading, leave an annotated picture
#   make live    the page: start the server and open the browser
#   make test    all tests, those of make check too
#   make check   ruff, formatting, mypy
#   make bench   every benchmark
#   make reproduce DATA=fer2013.csv VOTES=fer2013new.csv    train the default model anew and write its report
# PYTHON chooses the interpreter (3.11 or later), VENV the folder of the environment.

PYTHON ?= python3
VENV ?= .venv
PYTEST_ARGS ?=
PIP_ARGS ?=

PY = $(VENV)/bin/python
CORE = $(VENV)/.core
LIVE = $(VENV)/.live
ALL = $(VENV)/.all
SETUP = pyproject.toml hatch_build.py src/mien/weights/manifest.json

.DEFAULT_GOAL = help
.PHONY: help demo live test check lint bench reproduce clean

help:
	@sed -n 's/^#   //p' Makefile

demo: $(CORE)
	@mkdir -p out
	$(VENV)/bin/mien read examples/astronaut.jpg --annotate out/astronaut.png
	@echo "The annotated picture: $(CURDIR)/out/astronaut.png"

live: $(LIVE)
	$(VENV)/bin/mien live

# A file stays with one worker: its fixtures are made once. The order is that of tests/conftest.py. mypy is one of the
# tests: it takes a minute of one core only.
test: lint
	$(PY) -m pytest -n auto --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

check: lint
	$(PY) -m mypy

lint: $(ALL)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

bench: $(ALL)
	@missed=; for script in $$(grep -l __main__ benchmarks/*.py); do echo "== $$script"; \
		$(PY) "$$script" || missed="$$missed $$script"; done; \
		test -z "$$missed" || { echo "failed, or a bar not cleared:$$missed" >&2; exit 1; }

# What a stopped run has reached is gone on with. Half an hour on one large GPU; FAST is empty for one without bfloat16.
RUNS ?= runs
FAST ?= --bf16
FACES = --data "$(DATA)" --votes "$(VOTES)"
RESUME = $(if $(wildcard $(RUNS)/$(1)/last.pt $(RUNS)/$(1)/seed-*/last.pt),--resume)
TEACH = $(VENV)/bin/mien train $(FACES) $(FAST) --batch 128 --size base
TEACHERS = $(foreach one,plain sharp sharper,--teacher $(RUNS)/$(one))

reproduce: $(ALL)
	@test -f "$(DATA)" && test -f "$(VOTES)" || \
		{ echo "make reproduce DATA=fer2013.csv VOTES=fer2013new.csv: name the two files (docs/reproduce.md)" >&2; exit 2; }
	$(TEACH) --epochs 90 --seed 0 --out $(RUNS)/plain $(call RESUME,plain)
	$(TEACH) --epochs 60 --seed 1 --sam 0.05 --out $(RUNS)/sharp $(call RESUME,sharp)
	$(TEACH) --epochs 60 --seed 2 --sam 0.1 --out $(RUNS)/sharper $(call RESUME,sharper)
	$(VENV)/bin/mien train $(FACES) $(FAST) --batch 128 $(TEACHERS) --every-view --teach 0.8 --epochs 140 --seeds 2 \
		--out $(RUNS)/default $(call RESUME,default)
	$(VENV)/bin/mien evaluate $(FACES) --model $(RUNS)/default --report $(RUNS)/default/report
	@echo "The report: $(CURDIR)/$(RUNS)/default/report/report.html"

clean:
	rm -rf $(VENV) out .mypy_cache .ruff_cache .pytest_cache

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Mien needs Python 3.11 or later; choose one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -f $(PY); exit 1; }  # half an environment must not look like one

$(CORE): $(SETUP) | $(PY)
	@echo "Setting up $(VENV): about 220 MB to download, a minute or two ..."
	$(PY) -m pip install --quiet $(PIP_ARGS) -e .
	@touch $@

$(LIVE): $(SETUP) | $(PY)
	@echo "Setting up $(VENV) with the page: a minute or two ..."
	$(PY) -m pip install --quiet $(PIP_ARGS) -e '.[live]'
	@touch $(CORE) $@

# The core is part of it: `make demo` after `make test` installs nothing.
$(ALL): $(SETUP) requirements/constraints.txt | $(PY)
	@echo "Setting up $(VENV) with everything, PyTorch too: some minutes ..."
	$(PY) -m pip install --quiet $(PIP_ARGS) -c requirements/constraints.txt -e '.[learn,live,tables,dev]'
	@touch $(CORE) $(LIVE) $@
