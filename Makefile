# One line each; CI runs the same ones. Needs Python 3.11+ and make, nothing else. `make` alone lists them.
PYTHON ?= python3
ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif
STAMP := .venv/.fleetlane-setup
JUDGES := tests/judges/node_modules/.package-lock.json
unexport PYTHONDONTWRITEBYTECODE  # many processes are started here: none compiles everything anew

.PHONY: help quick release coverage mutants setup demo serve test thorough judges conformance check format lock audit sbom bench chaos fleet fleet-chaos matrix simulate-seeds screenshots errands docs transcripts messages fuzz clean

help:
	@$(PYTHON) tools/targets.py

setup: $(STAMP)  ## make .venv with Fleetlane and its tools
$(STAMP): pyproject.toml requirements.lock tools/setup_venv.py
	@$(PYTHON) tools/setup_venv.py

demo: $(STAMP)  ## run the main job on simulated phones
	@$(BIN)/fleetlane demo $(ARGS)

serve: $(STAMP)  ## run the server; ARGS="--port 50809"
	@$(BIN)/fleetlane serve $(ARGS)

# What needs neither a phone, nor a process, nor a browser: for after each change.
quick: $(STAMP)  ## the fast tests, under a minute
	@$(BIN)/python -m pytest -n 3 -q -m "not slow and not phone and not postgres" tests/core tests/store tests/work tests/scripts tests/packs tests/http $(ARGS)

# Four files at a time: a phone's test mostly waits, so two cores serve four. Without reordering the longest come first.
test: $(STAMP) $(JUDGES)  ## all tests; ARGS="-k name" for some
	@$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

# Random cases by the hundred, where `make test` draws some tens.
thorough: export THOROUGH := 1
thorough: $(STAMP)  ## the tests of random cases, with all their cases
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(shell grep -rl 'from support.budget import' tests) $(ARGS)

# The lines that tests without phones, processes and browsers run: what is new is held to the floors of tools/coverage_floors.json.
coverage: $(STAMP)  ## measure which lines the tests run, against the floors
	@$(BIN)/python tools/coverage_floors.py $(ARGS)

# Breaks the journal, the lanes and the ends of attempts in every small way, and shows what no test has noticed.
mutants: $(STAMP)  ## what the tests do not notice in the journal, lanes, outcomes and completion
	@$(BIN)/python -m mutmut run $(ARGS)
	@$(BIN)/python -m mutmut results

# The clients of adb that others wrote, from npm: for tests/judges only.
judges: $(JUDGES)  ## install others' clients of adb (npm)
$(JUDGES): tests/judges/package-lock.json
	@$(PYTHON) tools/setup_judges.py

conformance: export CONFORMANCE_URL := $(URL)
conformance: $(STAMP)  ## the contract, against any server; URL=http://...
	@$(BIN)/python -m pytest tests/conformance --confcutdir=tests/conformance $(ARGS)

check: $(STAMP)  ## format, lint, types, layers
	@$(BIN)/ruff format --check src tests tools examples
	@$(BIN)/ruff check src tests tools examples
	@$(BIN)/pyright
	@$(BIN)/lint-imports

format: $(STAMP)  ## format and fix what can be fixed
	@$(BIN)/ruff format src tests tools examples
	@$(BIN)/ruff check --fix src tests tools examples

# The versions of constraints.txt with the hashes of their files, for every platform. Needs uv, and a package index.
lock:  ## write requirements.lock anew (needs uv)
	@$(PYTHON) tools/lock.py

audit:  ## ask for known vulnerabilities of the packages
	@$(PYTHON) tools/audit.py

sbom: $(STAMP)  ## write what a release is made of
	@$(BIN)/python tools/sbom.py

bench: $(STAMP)  ## measure speed and size
	@$(BIN)/python tools/bench $(ARGS)

fleet: $(STAMP)  ## measure a whole fleet: servers, hosts, PostgreSQL; ARGS="--hosts 1"
	@$(BIN)/python tools/fleet $(ARGS)

fleet-chaos: $(STAMP)  ## break a whole fleet in every way; ARGS="--only kill*"
	@$(BIN)/python tools/fleet chaos $(ARGS)

chaos: $(STAMP)  ## kill servers at every point; SEED=N
	@$(BIN)/python tools/chaos $(if $(SEED),--seed $(SEED)) $(ARGS)

matrix: $(STAMP)  ## every fault at every step, and its page in docs
	@$(BIN)/python tools/matrix $(ARGS)

simulate-seeds: export SIMULATE_SEEDS := $(N)
simulate-seeds: export SIMULATE_FIRST := $(FIRST)
simulate-seeds: $(STAMP)  ## random histories in virtual time; N=150 FIRST=0
	@$(BIN)/python -m pytest -n 0 -s tests/simulation $(ARGS)

# Some minutes; FUZZ_SEED=N draws other inputs.
fuzz: export FUZZ_INPUTS := $(or $(N),20000)
fuzz: $(STAMP)  ## random inputs to all that reads from outside; N=20000
	@$(BIN)/python -m pytest -n 2 --timeout 3600 tests/fuzz $(ARGS)

screenshots: $(STAMP)  ## take the pictures of docs
	@$(BIN)/python tools/screenshots.py $(ARGS)

transcripts: $(STAMP)  ## write the recorded sessions of docs
	@$(BIN)/python tools/transcripts.py

errands: $(STAMP)  ## follow the errands of CONTRIBUTING in clean copies
	@$(BIN)/python tools/errands.py $(ARGS)

docs: $(STAMP)  ## generate the reference pages
	@$(BIN)/python tools/docs.py

messages: $(STAMP)  ## write the catalogues of the pages anew
	@$(BIN)/python tools/messages.py

release: $(STAMP)  ## build wheel and sdist, and check them in an environment of their own
	@$(BIN)/python tools/release.py

clean:  ## remove what was set up and built
	rm -rf .venv dist build
