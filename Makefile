# The commands of cargo-nix's developers. Each does its own set-up from a clean
# clone: `make demo` shows the main job, `make test` proves it.
# CONTRIBUTING.md says more.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
export PATH := $(PATH):$(HOME)/.cargo/bin

PREFIX ?= /usr/local
DESTDIR ?=
CARGO ?= cargo

.PHONY: help setup build release demo test leakcheck lint bench corpus torture install uninstall clean try-debian try-versions

help: ## List the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1 \2/p' Makefile | while read -r goal what; do \
	    printf '  make %-12s%s\n' "$$goal" "$$what"; done

setup: ## Find libnix, or build it once; install what the build needs
	@scripts/setup.sh

build: setup ## Build both programs for development
	$(CARGO) build --workspace

release: setup ## Build both programs, optimised, into target/dist
	$(CARGO) build --workspace --exclude cargo-nix --profile dist
	$(CARGO) rustc --bin cargo-nix --profile dist -- $$(scripts/setup/link-flags.sh)

demo: release ## Show the main job on examples/openssl, step by step
	@scripts/demo.sh

test: ## Run all tests, and the leak check
	@scripts/setup.sh --tests
	$(CARGO) build --workspace
	$(CARGO) test --workspace --no-fail-fast
	@scripts/leakcheck.sh
	@echo 'make test: all tests and the leak check passed'

leakcheck: ## Nothing that libnix hands out is lost, in 1,000 evaluations
	@scripts/setup.sh --tests
	@scripts/leakcheck.sh

lint: ## Formatting, clippy, docs, shell and Nix files, and rules of the house
	@scripts/setup.sh --tests
	@scripts/lint.sh

bench: release ## Measure the figures of the README (UPDATE=1 writes them there)
	@scripts/setup.sh --tests
	$(CARGO) bench --bench figures

corpus: release ## Build real projects beside plain cargo: docs/corpus.md (ONLY=sd, RELEASE=1, AGAIN=1)
	@scripts/setup/corpus-tools.sh
	python3 scripts/corpus/corpus.py $(if $(ONLY),--only '$(ONLY)') $(if $(RELEASE),--release) $(if $(AGAIN),--again) $${CARGO_TARGET_DIR:-target}/dist

torture: ## What is random, killed or raced for, again and again (TIMES=3)
	@scripts/setup.sh --tests
	$(CARGO) build --workspace
	@scripts/torture.sh $(TIMES)

install: release ## Install below PREFIX (default /usr/local); DESTDIR is honoured
	@scripts/install.sh install '$(DESTDIR)' '$(PREFIX)'

uninstall: ## Remove what `make install` installed
	@scripts/install.sh uninstall '$(DESTDIR)' '$(PREFIX)'

clean: ## Remove what was built here; libnix in the cache stays
	$(CARGO) clean

try-debian: ## SUITE=trixie [GOAL=demo]: a goal in a bare Debian of that suite
	@scripts/try-debian.sh '$(or $(SUITE),trixie)' '$(or $(GOAL),demo)'

try-versions: setup ## The hooks and direnv with another Debian's bash and direnv (SUITE="bullseye sid")
	@scripts/try-versions.sh $(SUITE)
