# Everything that is done with this workspace. CI calls these too, and nothing else.

.DEFAULT_GOAL := help
# Each step uses all cores by itself.
.NOTPARALLEL:
.PHONY: help run test check build e2e picture watch bench audit fmt clean setup setup-test

ENV := scripts/env.sh

# Arguments of the program: make run ARGS="--listen 127.0.0.1:4000"
ARGS ?=
# One part of the bench alone: make bench PART=customers (or server, import, downstream)
PART ?=
# What Playwright gets: make e2e PLAYWRIGHT="forgot.spec.ts --headed"
PLAYWRIGHT ?=
export PLAYWRIGHT

help: ## What can be done
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: setup target/release/site/.built ## Build Rekey and start it with demo data (sets up what is missing)
	@exec target/release/rekey demo $(ARGS)

test: setup-test ## Everything that CI checks (sets up what is missing)
	@scripts/test.sh fmt layers units build api e2e

check: setup-test ## The quick part of it: format, layers, clippy
	@scripts/test.sh fmt layers clippy

build: setup ## The dev build that the browser tests use: target/debug/rekey
	@scripts/test.sh build

e2e: setup-test ## The browser tests alone
	@scripts/test.sh build e2e

picture: setup-test build ## Take the picture in the README again
	@cd end2end && ../$(ENV) npx --no-install playwright test --config picture.config.ts

watch: setup ## Build, start with demo data, and again at every change
	@LEPTOS_SITE_ROOT=target/debug/site $(ENV) cargo leptos watch --split -- demo $(ARGS)

bench: setup-test target/release/site/.built ## Speed, memory, start and transfer of the release build
	@scripts/bench.sh $(PART)

audit: ## Licences, sources and bans of what we depend on (needs cargo-deny)
	@$(ENV) cargo deny check bans licenses sources

fmt: setup ## Format the code
	@$(ENV) cargo fmt --all

clean: ## Remove what was built (what was set up stays: ~/.cache/rekey)
	rm -rf target style/node_modules end2end/node_modules end2end/test-results end2end/playwright-report

setup:
	@scripts/setup.sh run

setup-test:
	@scripts/setup.sh test

# cargo knows what to compile again; this spares the bundling, optimising and compressing after it.
# Folders are listed too, for files that are gone.
SOURCES := $(shell find Cargo.toml Cargo.lock rust-toolchain.toml .cargo model portal app frontend server \
	style public \( -name node_modules -o -name tests \) -prune -o -print 2>/dev/null)

target/release/site/.built: $(SOURCES)
	@echo "==> Building Rekey in release mode (usually 15 minutes on two cores the first time)"
	@LEPTOS_SITE_ROOT=target/release/site $(ENV) cargo leptos build --release --split --precompress
	@touch $@
