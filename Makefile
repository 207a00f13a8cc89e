# One line each; CI runs the same ones. Needs Python 3.11+ and make, nothing else.
PYTHON ?= python3
ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif
STAMP := .venv/.fleetlane-setup
JUDGES := tests/judges/node_modules/.package-lock.json
unexport PYTHONDONTWRITEBYTECODE  # many processes are started here: none compiles everything anew

.PHONY: setup demo serve test judges conformance check format lock audit sbom bench chaos matrix simulate-seeds screenshots docs transcripts messages fuzz clean

setup: $(STAMP)
$(STAMP): pyproject.toml requirements.lock tools/setup_venv.py
	@$(PYTHON) tools/setup_venv.py

demo: $(STAMP)
	@$(BIN)/fleetlane demo $(ARGS)

serve: $(STAMP)
	@$(BIN)/fleetlane serve $(ARGS)

# Three files at a time: a phone's test mostly waits, so two cores serve three. Without reordering the longest come first.
test: $(STAMP) $(JUDGES)
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

# The clients of adb that others wrote, from npm: for tests/judges only.
judges: $(JUDGES)
$(JUDGES): tests/judges/package-lock.json
	@$(PYTHON) tools/setup_judges.py

conformance: export CONFORMANCE_URL := $(URL)
conformance: $(STAMP)
	@$(BIN)/python -m pytest tests/conformance --confcutdir=tests/conformance $(ARGS)

check: $(STAMP)
	@$(BIN)/ruff format --check src tests tools
	@$(BIN)/ruff check src tests tools
	@$(BIN)/pyright
	@$(BIN)/lint-imports

format: $(STAMP)
	@$(BIN)/ruff format src tests tools
	@$(BIN)/ruff check --fix src tests tools

# The versions of constraints.txt with the hashes of their files, for every platform. Needs uv, and a package index.
lock:
	@$(PYTHON) tools/lock.py

audit:
	@$(PYTHON) tools/audit.py

sbom: $(STAMP)
	@$(BIN)/python tools/sbom.py

bench: $(STAMP)
	@$(BIN)/python tools/bench $(ARGS)

chaos: $(STAMP)
	@$(BIN)/python tools/chaos $(if $(SEED),--seed $(SEED)) $(ARGS)

matrix: $(STAMP)
	@$(BIN)/python tools/matrix $(ARGS)

simulate-seeds: export SIMULATE_SEEDS := $(N)
simulate-seeds: export SIMULATE_FIRST := $(FIRST)
simulate-seeds: $(STAMP)
	@$(BIN)/python -m pytest -n 0 -s tests/simulation $(ARGS)

# Some minutes; FUZZ_SEED=N draws other inputs.
fuzz: export FUZZ_INPUTS := $(or $(N),20000)
fuzz: $(STAMP)
	@$(BIN)/python -m pytest -n 2 --timeout 3600 tests/fuzz $(ARGS)

screenshots: $(STAMP)
	@$(BIN)/python tools/screenshots.py $(ARGS)

transcripts: $(STAMP)
	@$(BIN)/python tools/transcripts.py

docs: $(STAMP)
	@$(BIN)/python tools/docs.py

messages: $(STAMP)
	@$(BIN)/python tools/messages.py

clean:
	rm -rf .venv dist build
