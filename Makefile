# Canary Audit Archive. `make` alone says what there is.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.made

# deploy: which configuration of samconfig.toml, which stack and Console, and any further parameters of the template.
# CONSOLE and LOCK, the lock mode, are needed for the first deploy. After that what is not given stays as it is.
# INSTEAD_OF names the first Console that another one replaces.
# PARAMETERS is written as SAM takes them: a value with blanks, and an empty one, stand in double quotes.
ENV        ?= default
STACK      ?= canary-audit-archive
CONSOLE    ?=
INSTEAD_OF ?=
LOCK       ?=
PARAMETERS ?=

# What the layer is built for. The functions are deployed with the same, each time.
LAYER_RUNTIME ?= python3.14
LAYER_ARCH    ?= arm64

# test: how many processes. Twice the cores of a small machine, because many a test only waits.
WORKERS    ?= 4

# What `check` tests, and `test` does not test again.
HOUSE := tests/unit/test_architecture.py tests/unit/test_directions.py

export SAM_CLI_TELEMETRY := 0

# The AWS CLI reads AWS_REGION first, then AWS_DEFAULT_REGION, then the profile. SAM does not know AWS_REGION.
ifneq ($(AWS_REGION),)
export AWS_DEFAULT_REGION := $(AWS_REGION)
endif

.DEFAULT_GOAL := help
.PHONY: help demo local docs check test campaigns torture mutants bench build deploy named kept lock clean

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(STAMP) ## Archive and purge a Console on this machine, with the real stack, and show what happened
	@$(BIN)/python -m local.demo

local: $(STAMP) ## The same Console and stack, kept up to play with until Ctrl-C
	@$(BIN)/python -m local.demo --keep

docs: $(STAMP) ## Make the pages into a site, and check every link in it
	@$(BIN)/python -m local.site

check: $(STAMP) ## Lint, format, types, directions, architecture
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=layers/core:. $(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/pytest $(HOUSE)

# Many images forbid Python to keep what it compiles: then each process would compile everything anew.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(STAMP) ## Every rule, the system's too
	$(BIN)/pytest -n $(WORKERS) -m "not wide" $(addprefix --ignore=,$(HOUSE))

campaigns: export PYTHONDONTWRITEBYTECODE :=
campaigns: $(STAMP) ## Every case of the rules that have very many: `test` tries a share of them
	$(BIN)/pytest -n $(WORKERS) -m "hypothesis or campaign or wide" --hypothesis-profile=default

torture: $(STAMP) ## Crashes, races and hostile Consoles for MINUTES minutes (default 10)
	$(BIN)/python -m tests.long_torture --minutes $(or $(MINUTES),10)

mutants: $(STAMP) ## Take each safety rule out of the code in turn: a test must notice
	@$(BIN)/python -m tests.mutants

bench: $(STAMP) ## Measure against the peer baseline and the floor; keep the figures and draw the picture
	$(BIN)/python -m bench --keep

build: $(STAMP) ## Build the stack for AWS [LAYER_RUNTIME=python3.13] [LAYER_ARCH=x86_64]
	MAKEFLAGS= PYTHON=$(abspath $(BIN)/python) LAYER_RUNTIME=$(LAYER_RUNTIME) LAYER_ARCH=$(LAYER_ARCH) \
		$(BIN)/sam build --config-env $(ENV)

# Which Console and PurgeMode: asked before the build, which takes minutes, and again right before the deploy.
# `quoted` gives a value to the shell whole.
quoted = '$(subst ','\'',$(1))'
KEPT   = $(BIN)/python -m local.deploying $(STACK) --env=$(call quoted,$(ENV)) --console=$(call quoted,$(CONSOLE)) \
	--instead-of=$(call quoted,$(INSTEAD_OF)) --lock=$(call quoted,$(LOCK)) --parameters=$(call quoted,$(PARAMETERS))

deploy: named kept build ## Deploy or update: make deploy [CONSOLE=1234abcd LOCK=GOVERNANCE] [ENV=prod] [PARAMETERS="..."]
	kept="$$($(KEPT))" && $(BIN)/sam deploy --config-env $(ENV) --stack-name $(STACK) --parameter-overrides \
		$$kept DeployedBy=caller Runtime=$(LAYER_RUNTIME) Architecture=$(LAYER_ARCH) \
		$(if $(LOCK),ObjectLockMode=$(LOCK)) $(if $(PARAMETERS),$(call quoted,$(PARAMETERS)))

kept: $(STAMP)
	@$(KEPT) >/dev/null

# What can't be taken back is said for this one deploy. Many shells and pipelines have a variable ENV of their own.
INHERITED := $(foreach name,ENV STACK INSTEAD_OF LOCK PARAMETERS,$(if $(findstring environment,$(origin $(name))),$(name)))

# A stack's name is no parameter, so the template can't refuse one. The longest name made of it is <stack>-retrieve, and
# a function's name has 64 characters at most. A trail's name has 3 at least, and no two hyphens side by side.
named:
	@test -z "$(strip $(INHERITED))" || { echo 'The environment has $(strip $(INHERITED)), and a deploy does not go by it:' \
		'give it after make (make deploy ENV=prod), or unset it' >&2; exit 2; }
	@test -z "$(findstring Runtime=,$(PARAMETERS))$(findstring Architecture=,$(PARAMETERS))" || { echo 'Runtime and' \
		'Architecture are those that the layer is built for: give LAYER_RUNTIME=python3.13 or LAYER_ARCH=x86_64' >&2; exit 2; }
	@name='$(STACK)'; test $${#name} -ge 3 && test $${#name} -le 55 && \
		printf '%s\n' "$$name" | grep -Eqx '[A-Za-z]([A-Za-z0-9]|-[A-Za-z0-9])*' || { echo "STACK=$$name can not be" \
		'deployed: give 3 to 55 letters, digits and single hyphens, with a letter first and no hyphen last' >&2; exit 2; }

lock: $(STAMP) ## Make the lock files anew from the *.in files
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --python-version 3.11 \
		requirements-dev.in -o requirements-dev.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --python-version 3.11 \
		-c requirements-dev.txt layers/core/requirements.in -o layers/core/requirements.txt

clean: ## Remove what was built, and the virtual environment
	rm -rf $(VENV) .site .aws-sam .mypy_cache .ruff_cache .pytest_cache .hypothesis

# The lock is complete, so nothing is resolved: only what it names is installed, and only if the hash fits.
$(STAMP): requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make PYTHON=python3.12" >&2; exit 1; }
	@echo 'Making the virtual environment from requirements-dev.txt (some 850 MB, one to ten minutes, once) ...'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.txt
# Not installed into it: there a function must find our package in its layer, or not at all.
	@printf '#!/bin/sh\nPYTHONPATH="%s:%s" exec "%s" -m cli "$$@"\n' \
		'$(CURDIR)' '$(CURDIR)/layers/core' '$(abspath $(BIN)/python)' > $(BIN)/canary-audit
	@chmod +x $(BIN)/canary-audit
	@touch $@
