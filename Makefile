# The verbs of this repository. CI calls these and no others.
SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# What Python compiled is kept, also where images forbid it: tests start hundreds of programs, and each of them would
# compile all that it imports anew, which takes longer than most of them do by themselves.
unexport PYTHONDONTWRITEBYTECODE

# The Python to make the environment with, 3.11 or newer; at first python3, then the one it was made with.
PYTHON ?= $(shell test -x .venv/bin/python && echo .venv/bin/python || echo python3)
# How many processes the tests are spread over, and what else pytest is told.
TEST_WORKERS ?= 2
TEST_ARGS ?=
GRID_ARGS ?=
# How often `make test-roll` restarts everything.
ROLLS ?= 20
# How many runs `make model` makes.
MODEL_EXAMPLES ?= 500
# How many messages `make fuzz` sends in each of its two ways, and which.
FUZZ_CASES ?= 10000
FUZZ_SEED ?= 1

BIN := .venv/bin
SOURCES := audit bench certificates clients databases examples gateway roster.py services stack storm tests web
# The image that the contracts must stay compatible with, once there is a release: buf build protos -o protos/released.binpb
RELEASED := protos/released.binpb
COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --universal --python-version 3.11 --custom-compile-command "make lock"

##@ Every day

.PHONY: run
run: env ## start everything on this machine; Ctrl-C stops it (REPLICAS=2: two processes of each service)
	@exec $(BIN)/python -m stack run

.PHONY: demo
demo: env ## play the whole story in the terminal, on the running stack
	@exec $(BIN)/python -m stack demo

.PHONY: status
status: env ## show each process of the running stack
	@exec $(BIN)/python -m stack status

.PHONY: logs
logs: env ## show and follow the logs; LOG=booking only that one
	@exec $(BIN)/python -m stack logs $(LOG)

.PHONY: audit
audit: env ## hold the databases against what must never be (ALWAYS=1: under load; WAIT=30 s; SERVER=postgresql://… others)
	@exec $(BIN)/python -m stack audit $(if $(ALWAYS),--always) $(if $(WAIT),--wait $(WAIT)) $(if $(SERVER),--server '$(SERVER)')

.PHONY: stop
stop: env ## stop the running stack; its data stays
	@exec $(BIN)/python -m stack stop

.PHONY: reset
reset: env ## delete all data, after a question (YES=1: without)
	@exec $(BIN)/python -m stack reset $(if $(YES),--yes)

##@ Work on it

.PHONY: migration
migration: env ## write the migration that a change of tables takes: make migration SERVICE=payment NAME=notes
	@$(BIN)/python -m stack.migration '$(SERVICE)' '$(NAME)' && $(BIN)/python -m tests.chassis.code_before '$(SERVICE)'

.PHONY: test
test: env ## run the tests; nothing else needs to run (T=path or T=path::name: those alone, at once; PATIENCE=3: on a slow machine)
	@$(BIN)/pytest $(if $(T),-n 0 -q --tb=short,-n $(TEST_WORKERS)) $(TEST_ARGS) $(if $(T),'$(T)')

.PHONY: check
check: lint types check-contracts check-generated check-lock ## everything that has to hold, but for the tests

.PHONY: verify
verify: check test ## everything that has to hold: check, then test

.PHONY: format
format: env ## put code and contracts into format
	@$(BIN)/ruff format $(SOURCES)
	@$(BIN)/ruff check --fix $(SOURCES)
	@$(BIN)/buf format protos --write

.PHONY: lint
lint: env ## check format, style, import rules and contracts
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/buf lint
	@$(BIN)/buf format protos --diff --exit-code
	@PATH="$(CURDIR)/$(BIN):$$PATH" lint-imports

.PHONY: types
types: env ## check the types
	@$(BIN)/mypy

.PHONY: protos
protos: env ## generate code, descriptor and OpenAPI from the contracts, and docs/errors.md from the errors
	@sh protos/generate.sh

.PHONY: env
env: ## make the environment .venv from the locks
	@command -v $(PYTHON) >/dev/null || { echo "boxoffice: $(PYTHON) is not here: install Python 3.11 or newer, or name one: make env PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "boxoffice: needs Python 3.11 or newer, $(PYTHON) is older ($$($(PYTHON) --version 2>&1)): name another, for example make env PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -I stack/environment.py

.PHONY: clean
clean: ## remove the environment and what tools left behind; data/ stays
	@rm -rf .venv build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .schemathesis .coverage
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: check-contracts
check-contracts: env
	@if [ -e $(RELEASED) ]; then $(BIN)/buf breaking protos --against $(RELEASED) && $(BIN)/python -m gateway.released $(RELEASED); fi
	@$(BIN)/python -m gateway.contracts

.PHONY: check-generated
check-generated: env
	@work=$$(mktemp -d); trap 'rm -rf "$$work"' EXIT; mkdir "$$work/gateway"; \
	cp -R buf.yaml docs protos third_party "$$work"; ln -s "$(CURDIR)/.venv" "$$work/.venv"; \
	sh "$$work/protos/generate.sh" && \
	diff -r -q -x __pycache__ protos/gen "$$work/protos/gen" && cmp gateway/descriptor.binpb "$$work/gateway/descriptor.binpb" && \
	cmp gateway/openapi.json "$$work/gateway/openapi.json" && \
	cmp gateway/openapi-without-tokens.json "$$work/gateway/openapi-without-tokens.json" && cmp docs/errors.md "$$work/docs/errors.md" || \
	{ echo "boxoffice: generated files are not those of their sources: make protos" >&2; exit 1; }

# The environment holds what the lock names, so what the project asks for has to be there already. Needs no network.
.PHONY: check-lock
check-lock: env
	@$(BIN)/uv pip install --dry-run --no-index --no-cache --quiet --python $(BIN)/python -r pyproject.toml --group dev || \
	{ echo "boxoffice: requirements.lock lacks what pyproject.toml asks for: make lock" >&2; exit 1; }

##@ Operate

.PHONY: roll
roll: env ## restart the running stack, replica by replica, so that no request fails where there are two (run REPLICAS=2)
	@exec $(BIN)/python -m stack roll

.PHONY: backup
backup: env ## write all databases of the running stack, and its secrets, to FILE=…
	@exec $(BIN)/python -m stack backup '$(or $(FILE),$(error name a file: make backup FILE=boxoffice.tar.gz))'

.PHONY: restore
restore: env ## fill an empty data folder from FILE=…, for make run
	@exec $(BIN)/python -m stack restore '$(or $(FILE),$(error name a file: make restore FILE=boxoffice.tar.gz))'

.PHONY: certificates
certificates: env ## make certificates for all services in DIR=…, or renew those that are about to end
	@exec $(BIN)/python -m certificates '$(or $(DIR),$(error name a folder: make certificates DIR=/secure/place))'

##@ Containers

.PHONY: secrets
secrets: ## make a .env with the secrets that the containers need, for a trial
	@$(PYTHON) docker/make_secrets.py

.PHONY: up
up: ## start everything in containers; REPLICAS=2 starts two of each service
	@sh docker/compose.sh up

.PHONY: down
down: ## stop the containers; their data stays
	@sh docker/compose.sh down

##@ Attack it, measure it

.PHONY: storm
storm: env ## load and a fault a second on a stack of its own, then every promise checked (SECONDS=600 SEED=… JSON=file REPLICAS=2)
	@exec $(BIN)/python -m storm $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed '$(SEED)') $(if $(JSON),--json '$(JSON)')

.PHONY: bench
bench: env ## measure it, beside references, in some 25 minutes (QUICK=1; ONLY=create,flow; REPLICAS=2; AGAINST=REVISION by turns)
	@exec $(BIN)/python -m $(if $(AGAINST),bench.against '$(AGAINST)',bench) $(if $(QUICK),--quick) $(if $(ONLY),--only '$(ONLY)') $(if $(ROUNDS),--rounds $(ROUNDS)) $(BENCH_ARGS)

.PHONY: codes
codes: env ## draw 10,000 codes of tickets and have three readers read them, one in Chromium, one fetched for it (COUNT=1000)
	@$(BIN)/uv pip install --quiet --require-hashes --target build/readers -r tests/booking/readers.lock
	@PYTHONPATH=build/readers CODES=$(or $(COUNT),10000) $(BIN)/pytest -q -n 0 --timeout 1800 -k what_is_drawn tests/booking/test_codes.py
	@CODES=$(or $(COUNT),10000) $(BIN)/pytest -q -s -n 0 -m browser -k what_is_drawn tests/browser/test_door.py

.PHONY: kills
kills: env ## kill notifications, mail server and PostgreSQL while 1,000 bookings are confirmed, and count the mails (COUNT=300)
	@KILLS=$(or $(COUNT),1000) $(BIN)/pytest -q -s -n 0 tests/notifications/test_kills.py

.PHONY: quotes
quotes: env ## a million prices of bookings computed twice, in Python and in PostgreSQL (COUNT=20000 SEED=…)
	@exec $(BIN)/python -m bench.quotes $(if $(COUNT),--count '$(COUNT)') $(if $(SEED),--seed '$(SEED)')

.PHONY: grid
grid: env ## break every step of every operation at every point, which takes hours (GRID_ARGS="-k [settle]": one)
	@$(BIN)/pytest -n 0 -m grid $(GRID_ARGS) tests/faults

.PHONY: model
model: env ## hold the services against a model of their domain for long (MODEL_EXAMPLES=500 runs), and plant bugs in them
	@MODEL_EXAMPLES=$(MODEL_EXAMPLES) $(BIN)/pytest -n 0 $(TEST_ARGS) tests/model

.PHONY: mutants
mutants: env ## plant bugs one by one and see that tests find each, in half an hour (ONLY=refund: some; WORKERS=1 JSON=file)
	@exec $(BIN)/python -m tests.mutants.run $(if $(ONLY),--only '$(ONLY)') $(if $(WORKERS),--workers $(WORKERS)) $(if $(JSON),--json '$(JSON)')

.PHONY: fuzz
fuzz: env ## send random messages to every method, and what OpenAPI allows and forbids (FUZZ_CASES=10000 FUZZ_SEED=1)
	@FUZZ_CASES="$(FUZZ_CASES)" FUZZ_SEED="$(FUZZ_SEED)" $(BIN)/pytest -n 0 -s $(TEST_ARGS) tests/fuzz

.PHONY: test-browser
test-browser: env ## look at the pages in Chromium, which has to be installed (PICTURES=folder keeps screenshots)
	@PICTURES="$(PICTURES)" SEATS="$(or $(SEATS),600)" $(BIN)/pytest -m browser $(TEST_ARGS) tests/browser

.PHONY: pictures
pictures: env ## take pictures of every page: two widths, light and dark, English and Hindi (PICTURES=build/pictures ONLY=seats)
	@$(BIN)/python -m tests.browser.pictures "$(or $(PICTURES),build/pictures)" $(ONLY)

.PHONY: test-roll
test-roll: env ## restart everything under load again and again, and no request may fail (ROLLS=20)
	@ROLLS=$(ROLLS) $(BIN)/pytest -n 0 $(TEST_ARGS) tests/stack/test_replicas.py -k no_request_fails

.PHONY: test-citus
test-citus: env ## try inventory on Citus; PG_BIN=… names the programs of a PostgreSQL that has the extension
	@PG_BIN='$(PG_BIN)' $(BIN)/pytest -n 0 -rs $(TEST_ARGS) tests/citus

.PHONY: test-image
test-image: env ## check the image's files: lint them, install the image's lock, run from it; asks the package index
	@$(BIN)/pytest -p no:cacheprovider $(TEST_ARGS) tests/compose/image_checks.py

##@ Upkeep

.PHONY: lock
lock: env ## renew the locks, keeping what still fits (UPGRADE=--upgrade renews all)
	@$(COMPILE) $(UPGRADE) pyproject.toml --group dev -o requirements.lock
	@printf 'mkdocs-swagger-ui-tag\npyyaml\n' | $(COMPILE) pyproject.toml - -c requirements.lock -o requirements.runtime.lock
	@printf 'check-jsonschema\nhadolint-bin\n' | $(COMPILE) $(UPGRADE) - -o docker/lint.lock
	@printf 'opencv-python-headless\n' | $(COMPILE) $(UPGRADE) - -o tests/booking/readers.lock
	@grep '^uv==' requirements.lock | sed 's/ .*//' | $(COMPILE) --no-annotate - -o requirements.bootstrap.lock

.PHONY: trees
trees: env ## keep what assistive technology gets of the shop's pages as it is now (tests/browser/trees)
	@RENEW_TREES=1 $(BIN)/pytest -m browser -q tests/browser/test_accessibility.py

.PHONY: texts
texts: env ## bring the shop's catalogues up to date with its sentences; new ones lack their translation
	@mkdir -p build
	@$(BIN)/pybabel -q extract -F pyproject.toml --omit-header --no-location --sort-output --no-wrap -o build/web.pot web
	@for language in web/locale/*/; do $(BIN)/pybabel -q update -D web -i build/web.pot -d web/locale -l $$(basename $$language) \
		--omit-header --no-fuzzy-matching --ignore-obsolete --no-wrap; done

.PHONY: licences
licences: env ## list the licences of what the locks name in docs/licences.md
	@$(BIN)/python docs/licences.py

.PHONY: help
help: ## list the verbs
	@awk '/^##@ / {printf "%s%s\n", space, substr($$0, 5); space = "\n"} \
		/^[a-z-]+:.*## / {verb = $$0; sub(/:.*/, "", verb); sub(/^.*:.*## /, ""); printf "  make %-12s %s\n", verb, $$0}' $(MAKEFILE_LIST)
