# Everything a developer or CI does, by name. No target needs the network once the modules are downloaded.
SHELL := /bin/bash
GO ?= go
BIN := bin
FUZZTIME ?= 10s
# Static binaries; reproducible: no paths, no build id, no stamp of the checkout.
BUILD := CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags='-s -w -buildid='
RACE := ./rtlib ./rtlib/ruleset ./rtlib/correlate ./compiler/dynsource ./compiler/valuelist ./compiler/watch ./codegen ./codegen/prove ./daemon/... ./cmd/rsigmad/...
OWN := $(shell find . -name '*.go' -not -path './gen/*' -not -path './codegen/conformance/vectorsgen/*' -not -path '*/testdata/*')

.PHONY: help generate run build test story soak race check lint fmt golden fuzz bench hooks clean

help: ## show the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: build ## build, then show what the committed rules find in examples/
	$(BIN)/rsigmad eval examples/events.ndjson

build: ## build both programs into bin/
	$(BUILD) -o $(BIN)/rsigmac ./cmd/rsigmac
	$(BUILD) -o $(BIN)/rsigmad ./cmd/rsigmad

test: ## run the tests (the command that CI runs)
	$(GO) test -shuffle=on ./...

story: ## play the story of a rules repository, from "init" to the hand-over to a new build
	bash contrib/story/story.sh

soak: ## the long tests: every event of the corpus through every engine; the daemon under faults
	RSIGMA_SOAK=1 $(GO) test -timeout 30m -v -run 'UnderLoad|BrokenSink|HugeLine|Bomb|StuckSink|Dawdle|Hostile|NATS|Kill|Commit|ManyGroups|StartsAndStops|Clock|FullDisk|Sync' ./cmd/rsigmad
	RSIGMA_SOAK=1 $(GO) test -timeout 30m -v -run 'Million|Flood|Clock' ./rtlib/correlate ./daemon/engine
	RSIGMA_SOAK=1 $(GO) test -timeout 30m -v ./daemon/commitlog
	RSIGMA_SOAK=1 $(GO) test -timeout 30m -v ./daemon/store/...
	RSIGMA_SOAK=1 $(GO) test -timeout 30m -v -run 'Bomb' ./daemon/input/otlp
	RSIGMA_CORPUS=full $(GO) test -timeout 60m -run 'Corpus' -v ./codegen/conformance

race: ## run the tests of packages with goroutines or locks under the race detector (race_test.go keeps the list complete)
	CGO_ENABLED=1 $(GO) test -race -short -shuffle=on $(RACE)

generate: ## rules/ -> gen/, vectors -> conformance package; writes only what changed
	$(GO) run ./cmd/rsigmac generate -r rules -o gen
	$(GO) run ./codegen/conformance/regenerate
	$(GO) test ./cmd/rsigmad -run TestTheReferencePages -update >/dev/null

check: ## all that CI runs
	bash .ci/run

lint: ## check formatting, vet, staticcheck, and the rules
	@test -z "$$(gofmt -s -l $(OWN))" || { echo 'not formatted, run make fmt:'; gofmt -s -l $(OWN); exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) run ./cmd/rsigmac check --strict -r rules
	$(GO) run ./cmd/rsigmac lint -r rules
	$(GO) run ./cmd/rsigmac fmt --check -r rules

fmt: ## format the code
	gofmt -s -w $(OWN)
	$(GO) tool goimports -local github.com/rsigma-go/rsigma -w $(OWN)

golden: ## rewrite the golden files
	$(GO) test ./codegen -update

fuzz: ## run every fuzz target for FUZZTIME
	@set -e; for pkg in $$($(GO) list ./...); do \
		dir=$$($(GO) list -f '{{.Dir}}' $$pkg); \
		for target in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]*' $$dir/*_test.go 2>/dev/null | sed 's/func //'); do \
			echo "$$pkg $$target"; $(GO) test $$pkg -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME); \
		done; \
	done

bench: ## measure (BENCH_RULES, BENCH_EVENTS name other rules and events)
	bash bench/run.sh

hooks: ## install a pre-commit hook that runs lint and short tests
	printf '#!/bin/sh\nexec make lint && go test -short ./...\n' > .git/hooks/pre-commit
	chmod +x .git/hooks/pre-commit

clean: ## remove what was built
	rm -rf $(BIN)
