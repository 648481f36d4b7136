# Pratique's targets. `make` alone lists them.

SHELL := /bin/bash -eu -o pipefail
.DEFAULT_GOAL := help
.PHONY: help deps check format build tidy fmt test demo bench fuzz compose-check smoke clean

# Folders with Swift sources, those that exist.
SOURCES := Package.swift $(wildcard Shared Services Tests Benchmarks)

TEST := scripts/run-tests

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## Install the system packages that are missing (Debian, Ubuntu)
	@scripts/install-dependencies

check: deps format build tidy ## Check format, build without warnings, and the rules of TidyTests

format:
	swift format lint --strict --parallel --recursive $(SOURCES)

build:
	swift build --build-tests

tidy:
	$(TEST) --filter TidyTests

fmt: ## Format the sources in place
	swift format --in-place --parallel --recursive $(SOURCES)

test: deps build ## Run every test: first the fast ones, then those with real servers, one by one
	$(TEST) --skip IntegrationTests
	$(TEST) --filter IntegrationTests --no-parallel

demo: deps ## Start Pratique and a registry on this machine, push sample images, show their verdicts
	@scripts/demo

compose-check: build ## Hold docker-compose.yml, the Dockerfile and the manifests to the code
	$(TEST) --filter DeploymentTests

smoke: ## Push images to a composition that is running, and wait for their verdicts
	@scripts/smoke

bench: deps ## Build in release and print the figures
	@scripts/bench

fuzz: deps ## Throw damaged and hostile bytes at the readers of images, a minute each
	@scripts/fuzz

clean: ## Remove what was built
	rm -rf .build .build-fuzz
