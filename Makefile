.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# pip is told every file it may install and its hash; the project itself needs no download.
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install -q --no-deps --no-compile
# pip would compile on one processor, and the libraries' own tests, too; ccxt has files that no Python compiles.
COMPILE := $(BIN)/python -m compileall -q -j 0 -x '/tests/|/plotly/graph_objs/|/pip/|/ccxt/'

DENO_CHECK := DENO_NO_UPDATE_CHECK=1 $(BIN)/deno check -q --no-remote --no-npm

# Compiled modules are kept, whatever the shell says: without them every test process compiles six hundred modules anew.
unexport PYTHONDONTWRITEBYTECODE

help: ## what can be made
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | column -t -s "$$(printf '\t')"

$(VENV)/installed: requirements.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing Tracera's dependencies into $(VENV) …"
	@$(PIP) --require-hashes -r requirements.txt
	@$(PIP) --no-build-isolation --no-index -e .
	@ls -d $(VENV)/lib/python*/site-packages/* >$@

# By its list, since more may be on its way into the folder meanwhile.
$(VENV)/compiled: $(VENV)/installed
	@$(COMPILE) -i $<
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	@echo "installing what tests and checks need …"
	@$(PIP) --require-hashes -r requirements-dev.txt
	@$(COMPILE) $(VENV)/lib
	@touch $@

install: $(VENV)/compiled ## virtual environment with pinned dependencies

run: install ## start everything at http://localhost:8050 on a simulated market
	@exec $(BIN)/tracera serve

browser: ## a Chromium for the tests
	@command -v chromium-headless-shell chromium chromium-browser google-chrome >/dev/null 2>&1 || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "installing Chromium …"; export DEBIAN_FRONTEND=noninteractive; \
			apt-get update -qq >/dev/null && { apt-get install -y -qq chromium-headless-shell fonts-liberation || \
				apt-get install -y -qq chromium; } >/dev/null; \
		else echo "no Chromium found: install it with your system's packages, then run make test again" >&2; exit 1; fi; }

test: ## every test, on real servers and a real browser
	@$(MAKE) --no-print-directory -j 3 $(VENV)/installed-dev $(VENV)/compiled browser
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(VENV)/installed-dev ## style, types, security
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/vulture
	@set -o pipefail; $(BIN)/lint-imports --no-cache | tail -n 12
	@$(DENO_CHECK) assets tests/js
	@$(BIN)/bandit -q -r app pages components jobs db wsgi.py -c pyproject.toml
	@$(BIN)/python .ci/licences.py
	@$(BIN)/python .ci/audit.py

sbom: $(VENV)/installed-dev ## what Tracera is made of, as CycloneDX, in sbom.json
	@$(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --of JSON -o sbom.json requirements.txt

licences: $(VENV)/installed-dev ## the licence of each package that Tracera needs to run
	@$(BIN)/python .ci/licences.py --list

lint-deploy: ## what deploy/ holds, with the tools that read it
	@deploy/lint

icons: $(VENV)/installed-dev browser ## the installed page's icons, drawn anew from its mark
	@PYTHONPATH=. $(BIN)/python .ci/app_icons.py

bench: $(VENV)/installed-dev ## measure, each figure beside its peer or floor
	@for bench in tests/bench/bench_*.py; do \
		echo "== $$bench"; $(BIN)/python -m $$(echo $${bench%.py} | tr / .) || exit 1; done

quick: $(VENV)/installed-dev $(VENV)/compiled ## tests without a browser, for the everyday loop
	@$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder -m "not slow" --ignore tests/browser --ignore tests/resilience $(ARGS)

POINTS ?= 1000000 5000000 20000000
bench-db: $(VENV)/installed-dev ## the database at 1, 5 and 20 million points, and in TimescaleDB where TRACERA_TEST_TIMESCALE_URL is set
	@for points in $(POINTS); do \
		$(BIN)/python -m tests.bench.bench_db --points $$points || exit 1; \
		[ -z "$$TRACERA_TEST_TIMESCALE_URL" ] || \
			$(BIN)/python -m tests.bench.bench_db --points $$points --timescale "$$TRACERA_TEST_TIMESCALE_URL" || exit 1; done

$(VENV)/peers: # what live prices are measured beside: Node's ws from npm, nats-server from Debian; nothing else needs them
	@mkdir -p $@
	@npm install --prefix $@ --no-audit --no-fund --no-save --no-package-lock --silent ws ioredis
	@command -v nats-server >/dev/null || { cd $@ && apt-get download -qq nats-server && dpkg -x nats-server_*.deb .; } || \
		echo "no nats-server here: measured without it" >&2

bench-live: $(VENV)/installed-dev $(VENV)/peers ## live prices to thousands, beside Node's ws and NATS
	@$(BIN)/python -m tests.bench.bench_live --idle-seconds 300 $(ARGS)
	@$(BIN)/python -m tests.bench.bench_live_encoding

bench-hostile: $(VENV)/installed-dev ## hostile clients: generated requests, then attacks held for a minute each
	@$(BIN)/python -m tests.hostile.fuzz
	@$(BIN)/python -m tests.hostile.attacks

fault-run: $(VENV)/installed-dev $(VENV)/compiled ## ten minutes of faults between an instance and its exchange, then every minute compared
	@$(BIN)/python -m tests.exchange.fault_run $(ARGS)

live-fault-run: $(VENV)/installed-dev $(VENV)/compiled ## five minutes of faults between two processes, Redis and 2,000 clients, then every price compared
	@$(BIN)/python -m tests.live.fault_run $(ARGS)

kill-run: $(VENV)/installed-dev $(VENV)/compiled ## ten minutes of kill -9 in the middle of tasks, then every task looked at
	@$(BIN)/python -m tests.tasks.kill_rounds $(ARGS)

compile: $(VENV)/installed-dev ## pin the newest dependencies, with hashes and without any address
	@$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -U \
		pyproject.toml --group build -o requirements.txt
	@$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -U \
		pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt

clean: ## remove what was made, but not the data folder
	@rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis test-results

.PHONY: help install run browser test quick lint sbom licences lint-deploy icons bench bench-db bench-live bench-hostile fault-run live-fault-run kill-run compile clean
