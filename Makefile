# 渝检 Yujian. What each target needs is installed into .venv first; `make help` lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help

PYTEST := .venv/bin/python -m pytest
TRANSLATIONS := $(patsubst %.po,%.mo,$(wildcard app/translations/*/LC_MESSAGES/*.po))
# More for pytest, for example: make test ARGS="-k booking"
ARGS ?=
DEMO ?= 1

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

.PHONY: run
run: ## install, migrate, load catalogue and demo data, serve on 127.0.0.1:$PORT (8000); DEMO=0 without demo data
	@.ci/venv
	@.venv/bin/python gunicorn.conf.py
	@$(MAKE) -s translations
	@DEMO=$(DEMO) PYTHONPATH=. exec .venv/bin/python .ci/serve.py

.PHONY: test
test: ## the suite on SQLite: all that needs no browser and no server of its own
	@.ci/venv test
	@$(MAKE) -s translations
	$(PYTEST) -m "not e2e and not pg" --ignore=tests/e2e -n 2 $(ARGS)

# What asks the same of either database has been asked on SQLite: words, working time, and that nobody reaches what is
# another's, page by page; that each page works on PostgreSQL is tested by tests/privacy/test_crawl.py.
SAME_ON_BOTH := language worktime privacy/test_foreign.py contract/test_bad_input.py test_architecture.py test_start.py \
    test_cores.py
# Two of those who walk there see of another company and lab what its manager and its desk see as well.
SEEN_BEFORE := pages[jia.engineer] pages[sister.desk]

.PHONY: test-pg
test-pg: ## the suite, and what only PostgreSQL has, on a PostgreSQL that comes with the tests
	@.ci/venv test
	@.ci/venv pgtest
	@$(MAKE) -s translations
	$(PYTEST) -m "not e2e" --ignore=tests/e2e $(SAME_ON_BOTH:%=--ignore=tests/%) \
		$(SEEN_BEFORE:%=--deselect 'tests/privacy/test_crawl.py::test_%') --postgres -n 2 $(ARGS)

.PHONY: e2e
e2e: ## in the system's Chromium, against a real server
	@.ci/venv test
	@.ci/venv e2e
	@$(MAKE) -s translations
	$(PYTEST) -m e2e tests/e2e -n 2 --dist loadfile $(ARGS)

.PHONY: lint
lint: ## style, types and the direction of imports
	@.ci/venv lint
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

.PHONY: bench
bench: ## measurements; bench/README.md says how to read them
	@.ci/venv test
	@.ci/venv pgtest
	.venv/bin/python -m bench.run $(ARGS)

SHOTS := .venv/bin/python tests/e2e/shots.py --base http://127.0.0.1:$${PORT:-8000} --out docs/pictures \
	--password-from $${YUJIAN_INSTANCE:-instance}/demo-accounts.json --window --schemes light

.PHONY: shots
shots: ## pictures of the server on $PORT with demo data into docs/pictures, for the README
	@.ci/venv e2e
	$(SHOTS) --as oem-a@demo.example --devices desktop home=/ search='/search?q=GB38031&test=b-pack-thermalprop' \
		schedule='/schedule?lab=cmvr-new-energy' turnaround=/turnaround/
	$(SHOTS) --as oem-a@demo.example --devices phone --languages zh search='/search?q=GB38031&test=b-pack-thermalprop'
	$(SHOTS) --as lab@demo.example --devices desktop inbox=/inbox

.PHONY: constraints
constraints: ## pin the newest versions that pyproject.toml allows
	@.ci/venv
	.venv/bin/python -m pip install -q uv
	.venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --all-extras \
		--no-emit-index-url --no-header --no-annotate pyproject.toml -o constraints.txt

.PHONY: clean
clean: ## remove .venv and all that can be made again; instance/ stays
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	rm -f $(TRANSLATIONS)
	find app tests bench migrations -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: translations
translations: $(TRANSLATIONS)

EXTRACT := -F app/translations/babel.cfg -k _l -k N_ -k lazy_gettext -k P_:1c,2 --no-location --sort-output
# Headers that differ at every run.
NOISE := '^"(Report-Msgid-Bugs-To|POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Generated-By):'

.PHONY: messages
messages: ## find new texts in app/ and add them to the English catalogue
	mkdir -p build
	.venv/bin/pybabel -q extract $(EXTRACT) -o build/messages.pot app
	.venv/bin/pybabel -q update -N --ignore-obsolete -w 1000 -i build/messages.pot -d app/translations
	@for po in app/translations/*/LC_MESSAGES/messages.po; do \
		grep -vE $(NOISE) $$po >build/messages.po && cp build/messages.po $$po; done

%.mo: %.po
	.venv/bin/pybabel -q compile -i $< -o $@
