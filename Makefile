# Everything starts here; `make` alone lists the targets. What would be unreadable in make is in scripts/.

VENV ?= .venv
export VENV

.DEFAULT_GOAL := help
.PHONY: help run test lint format laws endurance bench lock profiles settings errors rules clean

help: ## List the targets
	@printf 'A FHIR / IHE-XDS gateway. Targets:\n\n'
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'
	@printf '\nThe first two need Python >= 3.11 and nothing else.\n'

run: ## Start the gateway on 127.0.0.1:8080 with its demonstration record (Ctrl-C stops it)
	@scripts/environment requirements.lock
	@exec $(VENV)/bin/gateway serve --demo

test: ## Set up and run every check: ruff, mypy, import contracts, pytest
	@scripts/environment requirements-dev.lock
	@scripts/check

lint: ## The checks without pytest
	@scripts/environment requirements-dev.lock
	@scripts/check lint

format: ## Rewrite the code in the house's format and order of imports
	@scripts/environment requirements-dev.lock
	@$(VENV)/bin/ruff check --fix --quiet . ; $(VENV)/bin/ruff format .

laws: ## Search for counter-examples to the laws with many more examples (minutes)
	@scripts/environment requirements-dev.lock
	@HYPOTHESIS_PROFILE=thorough $(VENV)/bin/pytest -m 'long or not long' --timeout 7200 tests/laws tests/oracle tests/audit

endurance: ## Kill the store 200 times, the gateway 100 times, bend 200,000 messages (tens of minutes)
	@scripts/environment requirements-dev.lock
	@$(VENV)/bin/pytest -m long --timeout 3600 tests/storage tests/hostile tests/end_to_end

bench: ## Measure requests per second and latency against a bare endpoint
	@scripts/environment requirements-dev.lock
	@$(VENV)/bin/python -m bench

lock: ## Pin every dependency anew (needs uv)
	@scripts/lock

profiles: ## Compile profiles/*/fsh into StructureDefinitions with snapshots (needs npm)
	@scripts/environment requirements.lock
	@$(VENV)/bin/python -m scripts.fhir_profiles

settings: ## Write docs/reference/settings.md from gateway/settings/
	@scripts/environment requirements.lock
	@$(VENV)/bin/python -m scripts.settings_reference

errors: ## Write docs/reference/errors.md from gateway/errors.py
	@scripts/environment requirements.lock
	@$(VENV)/bin/python -m scripts.errors_reference

rules: ## Write docs/reference/conformance.md from the engines and the profiles
	@scripts/environment requirements.lock
	@$(VENV)/bin/python -m scripts.conformance_reference

clean: ## Remove the environment and every cache, never ./var
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
