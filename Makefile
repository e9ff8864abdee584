# From a new machine (Python 3.11, 3.12 or 3.13, make, gcc, git) to results: `make run`. To a tested copy: `make test`.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
BIN := .venv/bin
CORES ?= all
# The tests of a file stay together, because they share what is slow to make; files go in the order of tests/conftest.py.
ON_ALL_CORES := --numprocesses auto --dist loadscope --no-loadscope-reorder

.PHONY: run check test test-cluster docs docs/reference.md lint lock clean-run

run: .venv/installed
	$(BIN)/snakemake --cores $(CORES)
	@cat results/summary.md

# Everything but whole runs: some minutes, for while one works.
check: .venv/installed lint
	$(BIN)/python -m pytest $(ON_ALL_CORES) -m "not slow"

test: .venv/installed lint
	$(BIN)/python -m pytest $(ON_ALL_CORES)

# A whole run through a SLURM that it starts on this machine (Debian: slurm-wlm, munge; as root).
test-cluster: .venv/installed
	MSCOL_CLUSTER=required $(BIN)/python -m pytest --timeout 3600 tests/cluster

# The documentation as a site: open site/index.html. A broken link or anchor is an error (not with --quiet, which skips warnings).
docs: .venv/installed
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint

# Every version with its hash; remade when the lock changes.
.venv/installed: envs/requirements.lock envs/legacy.lock
	@case '$(CURDIR)' in *\ *) echo "$(CURDIR): Snakemake cannot run jobs from a folder with a space in its path; move the project" >&2; exit 1;; esac
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11, 3.12 or 3.13 is needed; say where it is: make PYTHON=/path/to/python3.11") if not (3, 11) <= sys.version_info[:2] <= (3, 13) else 0'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off --require-hashes -r envs/requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off --no-deps --require-hashes -r envs/legacy.lock
	touch $@

# After an edit of envs/requirements.in or envs/legacy.in: the newest versions that fit, for all platforms and Pythons
LOCK := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
	--custom-compile-command "make lock"
lock: .venv/installed
	$(LOCK) envs/requirements.in -o envs/requirements.lock
	$(LOCK) --no-deps envs/legacy.in -o envs/legacy.lock

# All that a run makes; the environment and fetched datasets stay.
clean-run:
	rm -rf .snakemake checkpoints compiled demo embeddings excerpts logs manifests mels models results separators timings wav

# Needs graphviz.
docs/rulegraph.svg: Snakefile $(wildcard rules/*.smk)
	$(BIN)/snakemake --rulegraph --quiet all | dot -Tsvg > $@

# From the schema and the presets
docs/reference.md: .venv/installed
	PYTHONPATH=workflow_scripts $(BIN)/python docs/write_reference.py
