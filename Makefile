# `make lab` and `make test` do everything from a fresh clone; the other targets are parts of them.
PYTHON ?= python3
LAB_ARGS ?=
SUITES ?=

.DEFAULT_GOAL := help
.PHONY: help lab test coverage smoke setup docs translations images clean python

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1|/p' $(MAKEFILE_LIST) | column -t -s '|'

lab: python ## Set up and start JupyterLab with the panel (LAB_ARGS="--no-browser --port 8899" adds arguments)
	@$(PYTHON) scripts/setup.py
	@.venv/bin/python scripts/lab.py $(LAB_ARGS)

test: python ## Set up and run every check and test (SUITES="pytest jest" selects some)
	@$(PYTHON) scripts/setup.py --test
	@.venv/bin/python scripts/test.py $(SUITES)

coverage: python ## Run the Python tests and list the files that they cover least
	@$(PYTHON) scripts/setup.py
	@.venv/bin/python scripts/test.py --coverage

smoke: python ## Create, run, update and delete a real TensorFlow environment through a real server
	@$(PYTHON) scripts/setup.py
	@.venv/bin/python scripts/smoke.py

setup: python ## Only set up: .venv, Node.js if it is missing, the package and its front end
	@$(PYTHON) scripts/setup.py

docs: python ## Build the documentation site in docs/_build
	@$(PYTHON) scripts/setup.py --test
	@.venv/bin/python scripts/test.py docs

translations: python ## Update the template and the catalogs of the translations
	@$(PYTHON) scripts/setup.py --test
	@.venv/bin/python scripts/translations.py

images: python ## Take the screenshots of docs/images again
	@$(PYTHON) scripts/setup.py --test
	@.venv/bin/python scripts/test.py --images

clean: ## Delete what the targets above created in this directory (not the user's caches)
	rm -rf .venv .reports docs/_build node_modules ui-tests/node_modules ui-tests/test-results lib tfenv_lab/labextension tsconfig.tsbuildinfo

python:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "make: no '$(PYTHON)' on PATH: install Python 3.10 or newer, or name one: make PYTHON=/path/to/python3 …" >&2; exit 1; }
