# Needs Python, git and make. Everything is installed into .venv, nothing outside the checkout changes.
PYTHON = python3
PORT = 8080
WORKERS = 2
VENV = .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet

# Without bytecode each of the many processes that the tests start would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test stories lint smoke types slow bench docs clean

demo: $(VENV)/demo.stamp
	@echo "Then try, in another terminal:"
	@echo "  $(BIN)/assetzcml explain configure.zcml shop:static/logo.png"
	@echo "  $(BIN)/assetzcml list configure.zcml overrides"
	@echo "  $(BIN)/assetzcml check configure.zcml"
	@$(BIN)/assetzcml serve configure.zcml --app shop.app:plain --port $(PORT)

test: lint
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile -m 'not whole and not slow'
	@$(MAKE) --no-print-directory smoke

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# Whole projects of every framework, real servers, browsers, fresh environments, and tables that take seconds.
stories: $(VENV)/test.stamp
	$(BIN)/python -m pytest --numprocesses $(WORKERS) -m 'whole and not slow'

# The wheel that users get, installed in an environment of its own, away from the checkout.
smoke: $(VENV)/test.stamp
	$(BIN)/python tests/smoke.py

# The package, and a program that uses it, as type checkers see them.
types: $(VENV)/test.stamp
	$(BIN)/python tests/typecheck.py

# The stories in full size: floods, aborted requests, a thousand reloads. Minutes, not seconds.
slow: $(VENV)/test.stamp
	ASSETZCML_TESTS=full $(BIN)/python -m pytest -m 'slow or sized'

bench: $(VENV)/bench.stamp
	for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

docs: $(VENV)/docs.stamp
	$(BIN)/python -m sphinx -W -q -b html docs docs/_build/html

clean:
	rm -rf $(VENV) build dist docs/_build .pytest_cache .ruff_cache .mypy_cache .hypothesis
	rm -rf assetzcml.egg-info examples/assetzcml_examples.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo.stamp: EXTRA = serve
$(VENV)/test.stamp: EXTRA = test
$(VENV)/bench.stamp: EXTRA = benchmarks
$(VENV)/docs.stamp: EXTRA = docs
$(VENV)/%.stamp: setup.cfg examples/setup.cfg | $(BIN)/python
	$(PIP) install --editable '.[$(EXTRA)]' --editable ./examples
	touch $@
