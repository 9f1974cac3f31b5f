# BankChurn: `make help` lists what there is.
SHELL := /bin/sh
.DEFAULT_GOAL := help
BANKCHURN := node bin/bankchurn.js
SOURCES := $(shell find . -name '*.ts' -not -path './node_modules/*' -not -path './dist/*' -not -path './.data/*') tsconfig.json cli/generate/build.js
MODULES := node_modules/.installed
BUILD := dist/.built

.PHONY: help install demo test check format train api-start broker bench environments docker-demo docker-down pins chaos chaos-controls alerts dev clean

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F'\t' '{ printf "  make %-12s %s\n", $$1, $$2 }'

$(MODULES): package.json package-lock.json .npmrc
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(BUILD): $(MODULES) $(SOURCES)
	@node cli/generate/build.js
	@touch $@

install: $(BUILD) ## Everything needed to run, from the lockfile

demo: $(BUILD) ## The whole product on this machine (EVENTS=file.csv, DEMO_EVENTS=n, DEMO_DRIFT='age+10', KAFKA_BROKERS=host:port)
	@$(BANKCHURN) demo

test: $(BUILD) ## The whole suite, real Kafka included; the last line counts
	@node --import tsx e2e/run-tests.ts

check: $(MODULES) ## Format, types, lint, architecture rules, dead code, manifests, figures
	node_modules/.bin/prettier --check --log-level warn .
	node_modules/.bin/tsc --noEmit
	node_modules/.bin/eslint .
	node_modules/.bin/depcruise --config .dependency-cruiser.cjs --output-type err-long .
	node_modules/.bin/knip
	@k8s/validate.sh
	@.ci/pins.sh check
	@node --import tsx e2e/print-figures.ts

pins: ## Look up the digests of the images that docker-compose.yml names
	.ci/pins.sh update

format: $(MODULES) ## Write the format that `make check` wants
	node_modules/.bin/prettier --write --log-level warn .

train: $(BUILD) ## Train on data/raw/Churn.csv or DATA=file.csv (SIMULATED=1: simulated customers, into .data/simulated/)
	@$(BANKCHURN) train $(if $(DATA),--data "$(DATA)") $(if $(filter-out 0,$(SIMULATED)),--simulated)

api-start: $(BUILD) ## The service against KAFKA_BROKERS, health and metrics on PORT (8000)
	@exec $(BANKCHURN) serve --create-topics

broker: $(BUILD) ## Kafka (9092) and schema registry (8081) in the foreground, until Ctrl-C
	@exec $(BANKCHURN) broker

environments: $(MODULES) ## What some tests and benchmarks use besides (ENVIRONMENTS="node parity tracking bench")
	@node --import tsx e2e/environments/make.ts $(ENVIRONMENTS)

bench: $(BUILD) ## Benchmarks, as ratios in one run (SECTIONS="models customers wide parts path arrangements latency partitions scrapers drift flapping gate")
	@node --import tsx bench/run.ts $(SECTIONS)

docker-demo: ## The whole product in containers, healthy when it returns (COMPOSE_PROFILES=grafana,simulator)
	eval "$$(.ci/pins.sh local)"; docker compose build --quiet && docker compose up --detach --no-build --wait --wait-timeout 300
	@echo 'curl localhost:$${BANKCHURN_PORT:-8000}/health; docker logs -f bankchurn-demo; make docker-down'

docker-down: ## End it: containers, networks and volumes (images stay)
	-@docker rm --force $${BANKCHURN_CONTAINER:-bankchurn-demo} >/dev/null 2>&1 # also where it was started by hand
	docker compose --profile '*' down --volumes --remove-orphans

chaos: $(BUILD) ## Faults of every kind under load, judged by Kafka's own client (CHAOS_EVENTS=300000, CHAOS_SEED=n, CHAOS_BROKERS=3)
	@node --import tsx e2e/chaos/main.ts

chaos-controls: $(BUILD) ## Services that are wrong on purpose: the oracle must find each
	@node --import tsx e2e/chaos/controls.ts

alerts: $(BUILD) ## Each alert fired by its cause in a real Prometheus, and ten healthy minutes (needs Debian's prometheus)
	@node --import tsx e2e/alerts/main.ts

dev: $(MODULES) ## The service from the sources, restarted on change (ROLE=scorer, monitor or trainer: that one alone)
	@exec node --watch --import tsx cli/bankchurn.ts serve $(if $(ROLE),--roles $(ROLE))

clean: ## Remove what was built (not what was downloaded)
	rm -rf dist coverage
