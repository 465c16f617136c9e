# make chat     set everything up, index DOCS (or the sample documents), open the chat
# make test     set everything up, lint, check types, run all tests
# make quality  what the answers and citations are worth: on the sample documents, and on the public
#               sets in ../shared/data where they are
# make proof    the tests that take minutes
# make bench    how long a search takes, and an answer, beside stock chains on the same model file
# make bench-million  how costs grow with a library, to a million passages: takes an hour, 15 GB
# make screenshots  the pictures of the chat in tests/, anew
# make peers    what LangChain and LlamaIndex say to the same questions, beside Pincite
PYTHON ?= python3
DOCS ?= tests/documents/ferry
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: setup chat test check quality proof bench bench-million peers clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Pincite needs Python 3.11 or newer, this is " + sys.version) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check $(PIP_FLAGS) --constraint constraints.txt --editable '.[local,dev]'
	touch $@

chat: setup
	$(BIN)/pincite chat $(DOCS)

test: check
	$(BIN)/python -m pytest

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

proof: setup
	$(BIN)/python -m pytest -m proof

quality: setup
	$(BIN)/python -m tests.benchmarks --out reports/quality

bench: setup
	$(BIN)/python -m tests.benchmarks.speed
	$(BIN)/python -m tests.benchmarks.engine
	@echo 'how costs grow with a library: make bench-million'

bench-million: setup
	$(BIN)/python -m tests.benchmarks.million --out reports/million

peers: setup
	$(BIN)/python -m tests.benchmarks.peers

screenshots: setup
	$(BIN)/python -m tests.make_screenshots

clean:
	rm -rf $(VENV) dist library reports .mypy_cache .ruff_cache .pytest_cache .hypothesis
