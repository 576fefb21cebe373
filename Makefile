# SPDX-License-Identifier: Apache-2.0
# Everything that people and CI do with this repository. `make` alone says what there is.

# Which interpreter, 3.9 to 3.13: make test PYTHON=python3.13
PYTHON = python3
# More arguments for pytest, the benchmark or the demo: make test ARGS='-k ledger'
ARGS =
# How many test processes: make test JOBS=2. 0 is none but pytest itself.
JOBS = 0
# Whether `make test` runs the checks first: make test CHECK=no
CHECK = yes

# Each Python has its own environments, so that several can stand side by side.
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
VENVS = .venv/$(VERSION)
TOOLS = $(VENVS)/test/bin

MAKEFLAGS += --no-builtin-rules --no-print-directory
# Modules of somebody else's must not come before those that are under test.
unexport PYTHONPATH PYTHONHOME
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export DEBIAN_FRONTEND = noninteractive

# Where the saved searches and views of the add-on are made, and where dashboards are drawn.
GENERATED = build/generated
DRAWN = build/dashboards
# A folder for the pictures of the documentation: make dashboards PICTURES=docs/pictures
PICTURES =

PACKAGE_TREES = slack_audit_input tests

# The Splunk package: one for all Pythons, built when something that goes into it has changed.
RELEASE := $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' slack_audit_input/__init__.py)
PACKAGE = dist/slack_audit_input-$(RELEASE).spl
PACKAGE_SOURCES := $(shell find slack_audit_input default CHANGELOG.md -type f -not -name '*.pyc')
# What its saved searches, views and lookups are made of.
KNOWLEDGE_SOURCES := $(shell find detections slack_audit_input/addon slack_audit_input/mapping \
	slack_audit_input/catalogue default/savedsearches.conf -type f -not -name '*.pyc')

.DEFAULT_GOAL = help
.PHONY: help demo test check format coverage bench soak compiler addon host postgresql npm splunk docs lookups conf \
	detections dashboards browser scan fuzz jq clean
.NOTPARALLEL:
.DELETE_ON_ERROR:

help: ## say what there is to make
	@echo "Usage: make TARGET [PYTHON=python3.13] [ARGS='…']"
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "Environments are made under .venv/VERSION/, nothing else is installed but what Debian"
	@echo "lacks for 'make test' when root runs it: PostgreSQL, and the venv module of Python."

demo: $(VENVS)/demo/.stamp ## show the collector at work against an emulated Slack, in a minute
	@echo "make demo: running the collector against an emulated Slack on loopback"
	@$(VENVS)/demo/bin/slack-audit-input demo $(ARGS)

test: $(VENVS)/test/.stamp ## check everything, then run all tests
	@if [ '$(CHECK)' = yes ]; then $(MAKE) check; fi
	@$(MAKE) postgresql npm jq compiler
	@$(MAKE) splunk
	@echo "make test: running the tests on Python $(VERSION)"
	@$(TOOLS)/python -m pytest --numprocesses=$(JOBS) $(ARGS)

check: $(VENVS)/test/.stamp ## formatting, lint, import contracts, types
	@echo "make check: formatting, lint, import contracts, types"
	@$(TOOLS)/ruff format --quiet --check . || { \
		echo "Remedy: make format"; exit 1; }
	@$(TOOLS)/ruff check --quiet .
	@$(TOOLS)/flake8 $(PACKAGE_TREES)
	@# Its cache does not notice that a module that is imported has come to be.
	@$(TOOLS)/lint-imports --no-cache > $(VENVS)/test/lint-imports.log 2>&1 \
		|| { cat $(VENVS)/test/lint-imports.log; exit 1; }
	@$(TOOLS)/mypy --strict $(PACKAGE_TREES)

format: $(VENVS)/test/.stamp ## format the code and repair what ruff can
	@echo "make format: formatting the code"
	@$(TOOLS)/ruff check --quiet --fix-only .
	@$(TOOLS)/ruff format .

coverage: $(VENVS)/test/.stamp postgresql npm ## run all tests and say which lines and branches none runs
	@echo "make coverage: running the tests under coverage"
	@$(TOOLS)/coverage erase
	@$(TOOLS)/coverage run -m pytest $(ARGS)
	@$(TOOLS)/coverage combine --quiet
	@$(TOOLS)/coverage report

bench: $(VENVS)/bench/.stamp $(PACKAGE) ## measure speed and memory, and compare with the slack_sdk loop
	@echo "make bench: measuring; leave the machine alone meanwhile"
	@$(VENVS)/bench/bin/python tests/bench/run.py $(ARGS)

# A day at 48 times the machine's speed by default: make soak HOURS=2 SPEED=1 KILLS=200 HOST=addon
HOURS = 24
SPEED = 48
KILLS = 1000
HOST = both

soak: $(VENVS)/test/.stamp compiler $(PACKAGE) ## a day under fire for both hosts, with its books
	@echo "make soak: $(HOURS) hours under fire at $(SPEED) times the machine's speed: $(HOST)"
	@$(TOOLS)/python -m tests.soak --host $(HOST) --hours $(HOURS) --speed $(SPEED) --kills $(KILLS) $(ARGS)

compiler: # what the fast clock of the soak is compiled with
	@if command -v cc > /dev/null; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
		mkdir -p .venv; \
		echo "make $(MAKECMDGOALS): installing Debian's gcc, for the fast clock of the soak"; \
		{ apt-get update -qq && apt-get install -qq --yes --no-install-recommends gcc libc6-dev; \
		} > .venv/apt.log 2>&1 || tail -n 5 .venv/apt.log; \
	fi; \
	if command -v cc > /dev/null; then exit 0; fi; \
	echo "**********************************************************************"; \
	echo "** No C compiler here: the tests of a day under fire WILL BE SKIPPED."; \
	echo "** Remedy: apt-get install gcc libc6-dev"; \
	echo "**********************************************************************"

detections lookups: $(GENERATED).stamp ## write saved searches, views and lookups for the add-on
	@echo "make $@: $(GENERATED) is up to date"

$(GENERATED).stamp: .venv/sigma/.stamp $(KNOWLEDGE_SOURCES)
	@echo "Writing the add-on's saved searches, views and lookups to $(GENERATED)"
	@rm -rf $(GENERATED) && mkdir -p $(GENERATED)/default
	@# What the add-on brings along stays: its own alerts stand first in the same file.
	@cp default/savedsearches.conf $(GENERATED)/default/
	@.venv/sigma/bin/python -m slack_audit_input.addon.detections savedsearches detections \
		$(GENERATED)/default
	@.venv/sigma/bin/python -m slack_audit_input.addon.dashboards $(GENERATED)/default
	@.venv/sigma/bin/python -m slack_audit_input.mapping $(GENERATED)/lookups
	@touch $@

addon: $(PACKAGE) ## build the Splunk package: dist/slack_audit_input-VERSION.spl
	@echo "make addon: $(PACKAGE) is up to date"

host: $(PACKAGE) $(VENVS)/test/.stamp ## click through the Splunk add-on on a double of Splunk
	@$(TOOLS)/python -m tests.host --package $(PACKAGE) $(ARGS)

$(PACKAGE): .venv/ucc/.stamp $(GENERATED).stamp $(PACKAGE_SOURCES)
	@echo "make addon: building the Splunk package"
	@.venv/ucc/bin/python -m slack_audit_input.addon

splunk: $(PACKAGE) .venv/appinspect/.stamp .venv/ui/.stamp # what the tests of the package need
	@for version in 3.9 3.13; do \
		ls "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/$$version.*/bin/python > /dev/null 2>&1 \
			|| python$$version -c '' > /dev/null 2>&1 || { \
		echo "**********************************************************************"; \
		echo "** No Python $$version here, on which Splunk runs: the package is tried on"; \
		echo "** Python $(VERSION) IN ITS PLACE."; \
		echo "**********************************************************************"; }; done
	@if command -v chromium > /dev/null; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
		echo "make test: installing Debian's chromium, for the tests of the settings pages"; \
		{ apt-get update -qq && apt-get install -qq --yes --no-install-recommends \
			chromium fonts-liberation libmagic1; } > .venv/apt.log 2>&1 || tail -n 5 .venv/apt.log; \
	fi; \
	if command -v chromium > /dev/null; then exit 0; fi; \
	echo "**********************************************************************"; \
	echo "** No chromium here: the tests of the settings pages WILL BE SKIPPED."; \
	echo "** Remedy: apt-get install chromium fonts-liberation libmagic1"; \
	echo "**********************************************************************"

# Each of these tools pins what others need newer: environments of their own.
.venv/ucc/.stamp: PINS = splunk-add-on-ucc-framework==6.6.0 pip==25.3
.venv/appinspect/.stamp: PINS = splunk-appinspect==4.3.1
.venv/ucc/.stamp .venv/appinspect/.stamp: | $(VENVS)/test/.stamp
	@echo "Making the environment $(@D) (packages from the configured registry)"
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install -qq $(PINS)
	@touch $@

# What there is of pySigma for Python 3.9 cannot read the detections, whichever Python is tested.
.venv/sigma/.stamp: pyproject.toml
	@for python in $(PYTHON) python3.13 python3.12 python3.11 python3.10 \
		"$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.1[0-9]*/bin/python; do \
		if $$python -c 'import sys, venv; sys.exit(sys.version_info < (3, 10))' 2> /dev/null; then \
			echo "Making the environment $(@D) (packages from the configured registry)"; \
			$$python -m venv --clear $(@D) \
			&& $(@D)/bin/python -m pip install -qq 'pip>=22' \
			&& $(@D)/bin/python -m pip install -qq --editable '.[detections]' \
			&& touch $@ && exit 0; exit 1; \
		fi; done; \
	echo "The add-on's detections are translated on Python 3.10 or newer, and there is none here."; \
	exit 1

.venv/ui/.stamp:
	@echo "Making $(@D) (playwright-core from the configured npm registry)"
	@mkdir -p $(@D)
	@npm install --silent --no-audit --no-fund --prefix $(@D) playwright-core@1.65.1 > $(@D)/npm.log 2>&1 \
		&& touch $@ || { tail -n 5 $(@D)/npm.log; \
		echo "** No playwright-core: the tests of the settings pages WILL BE SKIPPED."; }

dashboards: $(VENVS)/test/.stamp browser ## draw all dashboards with Splunk's components (549 MB from npm)
	@echo "make dashboards: drawing with Splunk's components in a headless Chromium"
	@mkdir -p $(DRAWN)
	@cmp -s tests/dashboards/package-lock.json $(DRAWN)/package-lock.json || { \
		cp tests/dashboards/package.json tests/dashboards/package-lock.json $(DRAWN)/ && \
		cd $(DRAWN) && npm ci --ignore-scripts --no-audit --no-fund > npm.log 2>&1 \
		|| { tail -n 5 npm.log; rm -f package-lock.json; exit 1; }; }
	@node tests/dashboards/page/bundle.mjs $(DRAWN)
	@$(TOOLS)/python -m tests.dashboards.draw $(DRAWN) $(PICTURES)

browser: # what the dashboards are drawn with
	@found() { command -v chromium || command -v google-chrome; }; \
	if found > /dev/null 2>&1; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
		mkdir -p .venv; \
		echo "make dashboards: installing Debian's package chromium, and fonts"; \
		{ apt-get update -qq && apt-get install -qq --yes --no-install-recommends \
			chromium fonts-liberation fonts-ipafont-gothic; \
		} > .venv/apt.log 2>&1 || tail -n 5 .venv/apt.log; \
	fi; \
	if found > /dev/null 2>&1; then exit 0; fi; \
	echo "No Chromium here. Remedy: apt-get install chromium"; exit 1

docs: $(VENVS)/test/.stamp ## write docs/ from the table of actions, the conf files and sample events
	@echo "make docs: writing docs/fields.md, actions.md, searches.md, coverage.md"
	@$(TOOLS)/python -m tests.searchtime.documents

conf: $(VENVS)/conf/.stamp $(GENERATED).stamp ## check the syntax of Splunk's conf files
	@echo "make conf: checking the syntax of default/*.conf, and of what was generated"
	@$(VENVS)/conf/bin/ksconf check --quiet default/*.conf \
		$(wildcard build/generated/default/*.conf)


postgresql: # what the contract tests of the PostgreSQL store start a server from
	@found() { command -v initdb || ls /usr/lib/postgresql/*/bin/initdb; }; \
	if found > /dev/null 2>&1; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
		echo "make test: installing Debian's package postgresql, for the tests of that store"; \
		{ apt-get update -qq && apt-get install -qq --yes --no-install-recommends postgresql; \
		} > .venv/apt.log 2>&1 || tail -n 5 .venv/apt.log; \
	fi; \
	if found > /dev/null 2>&1; then exit 0; fi; \
	echo "**********************************************************************"; \
	echo "** No PostgreSQL here: the contract tests of its store WILL BE SKIPPED."; \
	echo "** Remedy: apt-get install postgresql"; \
	echo "**********************************************************************"

.PHONY: jq
test coverage: jq
jq: # what docs/audit.md computes the hash of a report with
	@if command -v jq > /dev/null; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
		mkdir -p .venv; \
		echo "make test: installing Debian's package jq, for the tests of the auditor's report"; \
		{ apt-get update -qq && apt-get install -qq --yes --no-install-recommends jq; \
		} > .venv/apt.log 2>&1 || tail -n 5 .venv/apt.log; \
	fi; \
	if command -v jq > /dev/null; then exit 0; fi; \
	echo "** No jq here: two tests of the auditor's report WILL BE SKIPPED. Remedy: apt-get install jq"

npm: # an independent decoder of the forward protocol, for the tests of that sink
	@mkdir -p .venv/npm && cp -p tests/receivers/npm/*.json .venv/npm/
	@if [ -f .venv/npm/.stamp ] && [ ! .venv/npm/package-lock.json -nt .venv/npm/.stamp ]; \
	then exit 0; fi; \
	if command -v node > /dev/null && command -v npm > /dev/null \
		&& (cd .venv/npm && npm ci --ignore-scripts --no-audit --no-fund > npm.log 2>&1); \
	then touch .venv/npm/.stamp; exit 0; fi; \
	cat .venv/npm/npm.log 2> /dev/null | tail -n 5; \
	echo "**********************************************************************"; \
	echo "** No npm package here: the forward sink's independent decoder WILL BE SKIPPED."; \
	echo "** Remedy: install node and npm, then make npm"; \
	echo "**********************************************************************"

scan: .venv/scan/.stamp $(VENVS)/test/.stamp ## look for unsafe code and known vulnerabilities
	@echo "make scan: bandit and semgrep over the package, pip-audit over what it needs"
	@.venv/scan/bin/python tests/security/scan.py .venv/scan/bin/python
	@$(TOOLS)/python tests/security/rules.py .venv/scan/bin

.venv/scan/.stamp: Makefile # they pin rich and PyYAML newer than others do
	@echo "Making the environment $(@D) (packages from the configured registry)"
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install -qq 'bandit[toml]==1.9.4' semgrep==1.185.0 \
		pip-audit==2.10.1
	@touch $@

# Seconds that `make fuzz` gives each target, and which ones: make fuzz SECONDS=600 TARGETS=pages
SECONDS = 120
TARGETS = pages errors states kvstore forward settings stdin answers

fuzz: .venv/fuzz/.stamp ## fuzz what reads foreign bytes, guided by coverage (atheris), and keep the corpus
	@for target in $(TARGETS); do \
		echo "make fuzz: $$target for $(SECONDS) s"; \
		.venv/fuzz/bin/python -m tests.fuzz.atheris_guided $$target $(SECONDS) \
			> .venv/fuzz/$$target.log 2>&1 || { tail -n 40 .venv/fuzz/$$target.log; exit 1; }; \
		grep -E 'DONE|executed_units|peak_rss' .venv/fuzz/$$target.log; done

# There are wheels of atheris for Python 3.11 to 3.13 on Linux. With it goes Splunk's own SDK, which
# reads what splunkd says.
.venv/fuzz/.stamp: pyproject.toml
	@echo "Making the environment $(@D) (packages from the configured registry)"
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install -qq 'pip>=22'
	@$(@D)/bin/python -m pip install -qq --editable . atheris==3.0.0 splunk-sdk==2.1.1 \
		solnlib==7.0.0 'hypothesis>=6.100' 'pytest>=8.2'
	@touch $@

clean: ## remove the environments and all that was made here
	@echo "make clean: removing environments, caches and builds"
	@rm -rf .venv .host build dist htmlcov .coverage .coverage.* .hypothesis .import_linter_cache \
		.mypy_cache .pytest_cache .ruff_cache ./*.egg-info
	@find $(PACKAGE_TREES) -name __pycache__ -type d -prune -exec rm -rf {} +

# What an environment has beside the package and what that needs.
$(VENVS)/demo/.stamp: EXTRAS =
$(VENVS)/test/.stamp: EXTRAS = [dev,detections,postgresql,metrics,keyring]
$(VENVS)/bench/.stamp: EXTRAS = [bench]
$(VENVS)/conf/.stamp: EXTRAS = [conf]

# The package itself is installed as a link to this tree: only other dependencies or another entry
# point make an installation out of date, and those stand in pyproject.toml.
$(VENVS)/%/.stamp: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null || { \
		echo "'$(PYTHON)' is not a Python of 3.9 or newer. Name one: make PYTHON=python3.11 …"; \
		exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		mkdir -p .venv; \
		if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
			echo "Python $(VERSION) has no venv module: installing Debian's python$(VERSION)-venv"; \
			{ apt-get update -qq && \
				apt-get install -qq --yes --no-install-recommends python$(VERSION)-venv; \
			} > .venv/apt.log 2>&1 || tail -n 5 .venv/apt.log; \
		fi; \
		$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
			echo "Python $(VERSION) has no venv module. Remedy, as root, on Debian and Ubuntu:"; \
			echo "    apt-get install python$(VERSION)-venv"; \
			exit 1; }; }
	@echo "Making the environment $(@D) (packages from the configured registry)"
	@$(@D)/bin/python -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv --clear $(@D)
	@# Debian 11 has a pip that cannot install a link to a tree without setup.py; before 22.1 none
	@# takes settings: this one has the link be a path, which no finder has to be imported for.
	@$(@D)/bin/python -m pip install -qq 'pip>=22.1'
	@$(@D)/bin/python -m pip install -qq --config-settings editable_mode=compat --editable '.$(EXTRAS)'
	@touch $@
