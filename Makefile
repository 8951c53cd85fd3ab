# Every target sets up .venv on first use. PYTHON chooses the interpreter (3.11 to 3.13).
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
SUPPORTED := 'import sys; (3, 11) <= sys.version_info < (3, 14) or sys.exit("provbench needs Python 3.11 to 3.13, and \
	this is " + sys.version.split()[0] + "; choose another: make setup PYTHON=python3.13")'
TESTS := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile

.PHONY: setup mini mini-bob test slow lint format lock docs bench clean
setup: $(READY)

$(READY): requirements.lock pyproject.toml
	test -x $(BIN)/uv || $(PYTHON) -c $(SUPPORTED)
	test -x $(BIN)/uv || $(PYTHON) -m venv .venv
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	touch $@

mini: setup  ## the main job on generated data, ending with the results table
	$(BIN)/provbench run mini --keep last

mini-bob: setup  ## few-shot classes with images of a generator that ships: tuning, generation, masks, training, table
	$(BIN)/provbench run mini_bob --keep last

test: setup  ## the fast tests, a process for each core
	$(TESTS)

slow: setup  ## every test, the long ones too
	$(TESTS) -m "slow or not slow"

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: setup  ## resolve again within pyproject.toml's ranges
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --extra dev pyproject.toml -o requirements.lock

docs: setup  ## the documentation site, in .site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --config-file tools/docs/mkdocs.yml

clean:
	rm -rf .site .venv .pytest_cache .ruff_cache .hypothesis build *.egg-info
