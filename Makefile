# 择优 Zeyou. Two commands: `make run`, `make test`. All state is under var/ (or ZEYOU_HOME).
#   make run                              the fictional district, then the nightly job, then where the list is
#   make run INBOX=<dir> REGISTER=<file>  the same on your own ledgers and register; AS_OF=YYYY-MM-DD, default today.
#                                         It asks for the district's own settings first (docs/runbook.md)
#   make test                             installs what it needs and runs all tests but the longest
#   make test-long                        the longest: a minute and more each
#   make desk                             the page for recruiters, on this machine only
#   make ui | bench | lint | docs
SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON      ?= python3
ZEYOU_HOME  ?= $(CURDIR)/var
INBOX       ?=
REGISTER    ?=
AS_OF       ?=
VENV        := $(CURDIR)/.venv
PY          := $(VENV)/bin/python
ZEYOU       := $(VENV)/bin/zeyou
STAMP       := $(VENV)/.installed
BENCH       := $(CURDIR)/.venv-bench
DOCS        := $(CURDIR)/.venv-docs
SITE        := $(ZEYOU_HOME)/site
SAMPLE      := $(ZEYOU_HOME)/sample
SAMPLE_DAY  := 2026-06-30
REFERENCE   := $(abspath ../shared/data)
export ZEYOU_HOME
export ZEYOU_REFERENCE_DATA ?= $(if $(wildcard $(REFERENCE)),$(REFERENCE))
export PYTHONUTF8 := 1

.PHONY: run sample test test-long ui desk bench lint docs install clean
.DEFAULT_GOAL := run

$(STAMP): requirements.lock pyproject.toml
	@echo "安装依赖（首次约两分钟）…"
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || { echo "需要 Python 3.11 至 3.13"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation --editable .
	@touch $@

install: $(STAMP)

# The fictional district is written once; a sample that was cut off has no mark and is written anew.
$(SAMPLE)/.written: $(STAMP) $(wildcard sample/*.py)
	@rm -rf $(SAMPLE)
	@$(ZEYOU) sample --out $(SAMPLE) --leads 3000 --register 200000 --seed 7 --as-of $(SAMPLE_DAY)
	@touch $@

sample: $(SAMPLE)/.written

run: $(STAMP) $(if $(INBOX),,$(SAMPLE)/.written)
	@$(ZEYOU) run \
	  --inbox $(if $(INBOX),"$(INBOX)",$(SAMPLE)/inbox) \
	  $(if $(REGISTER),--register "$(REGISTER)",$(if $(INBOX),,--register $(SAMPLE)/register.parquet)) \
	  $(if $(AS_OF),--as-of $(AS_OF),$(if $(INBOX),,--as-of $(SAMPLE_DAY)))

test: $(STAMP)
	@$(PY) -m pytest -n 2 --no-loadscope-reorder

test-long: $(STAMP)
	@$(PY) -m pytest -n 2 --no-loadscope-reorder -m long

lint: $(STAMP)
	@$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check . && $(VENV)/bin/mypy && $(VENV)/bin/lint-imports

ui: $(STAMP)
	@$(ZEYOU) ui

desk: $(STAMP)
	@$(ZEYOU) desk serve

# Peers of the benchmarks live in an environment of their own, so that what runs at night never depends on them.
$(BENCH)/.installed: requirements.lock benchmarks/peers.lock
	@$(PYTHON) -m venv $(BENCH)
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r benchmarks/peers.lock
	@touch $@

$(BENCH)/matching/.installed: benchmarks/matching_peers.lock
	@$(PYTHON) -m venv $(BENCH)/matching
	@$(BENCH)/matching/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

bench: $(BENCH)/.installed $(BENCH)/matching/.installed
	@$(BENCH)/bin/python -m benchmarks --peers $(BENCH)/matching/bin/python

# The documentation site: docs/ and the data dictionary. A dead reference is an error.
$(DOCS)/.installed: docs/site.lock
	@$(PYTHON) -m venv $(DOCS)
	@$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r docs/site.lock
	@touch $@

docs: $(STAMP) $(DOCS)/.installed
	@rm -rf $(SITE) && mkdir -p $(SITE) && cp -r docs $(SITE)/source
	@$(ZEYOU) docs --pages $(SITE)/source/dictionary >/dev/null
	@$(DOCS)/bin/python -m sphinx -q -W --keep-going -b html $(SITE)/source $(SITE)/html
	@echo "文档：$(SITE)/html/index.html"

clean:
	rm -rf $(ZEYOU_HOME) .venv .venv-bench .venv-docs
