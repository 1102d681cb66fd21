# make demo      sets up everything and makes a painting in demo/
# make test      sets up everything and runs all tests
# make coverage  runs all tests and fails below the covered share that pyproject.toml names
# make test-studio  tests the studio in a browser, in an environment of its own; needs chromium and chromedriver
# make docs      builds the documentation in docs/_build/html
# make check     lint and types, in every folder
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip --quiet --disable-pip-version-check

.PHONY: demo test test-studio coverage docs check clean

demo: .venv/installed
	$(BIN)/python tools/demo.py demo

test: .venv/installed-tests
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

# Gradio wants an older Pillow: it goes into an environment that has the packages of .venv behind its own.
test-studio: .venv/installed-tests
	test -x .venv-studio/bin/python || $(BIN)/python -m venv .venv-studio
	$(BIN)/python -c "import site; print(site.getsitepackages()[0])" > "$$(.venv-studio/bin/python -c 'import site; print(site.getsitepackages()[0])')/behind.pth"
	.venv-studio/bin/python -m pip --quiet --disable-pip-version-check install 'gradio>=6.31' 'selenium>=4.25'
	.venv-studio/bin/python -m pytest tests/studio/browser

coverage: .venv/installed-tests
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal --cov --cov-report term

docs: .venv/installed-docs
	$(BIN)/python -m sphinx -b html -W --keep-going -n docs docs/_build/html

check: .venv/installed-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The stamps make a second call quick; pip runs again when the dependencies change.
.venv/installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) install --editable .
	touch $@

.venv/installed-tests: .venv/installed
	$(PIP) install --editable '.[test]'
	touch $@

.venv/installed-docs: .venv/installed
	$(PIP) install --editable '.[docs]'
	touch $@

clean:
	rm -rf .venv .venv-studio build dist demo docs/_build .coverage *.egg-info
