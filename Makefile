# `make run` and `make test` need Go and nothing else by hand: what is missing is installed or named.

GO ?= go
export GOFLAGS ?= -mod=readonly

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show what there is to make.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: run
run: ## Run the server on http://127.0.0.1:12111, data in fincon.db (other flags: make run ARGS="--db :memory:").
	@scripts/need.sh go
	CGO_ENABLED=0 $(GO) run ./cmd/fincon serve $(ARGS)

.PHONY: build
build: ## Build the binary: ./fincon.
	@scripts/need.sh go
	CGO_ENABLED=0 $(GO) build -trimpath -o fincon ./cmd/fincon

.PHONY: test
test: ## Run all tests, on SQLite and on a PostgreSQL of their own, with the official SDKs and the race detector.
	@scripts/need.sh go cc node curl chromium
	cd tests/node && npm ci --no-fund --no-audit --loglevel=error
	scripts/with-postgres.sh $(GO) test -race -timeout 20m ./...

.PHONY: fuzz
fuzz: ## Fuzz the form and query decoders, half a minute each.
	$(GO) test ./impl/form -run '^$$' -fuzz '^FuzzDecodeBody$$' -fuzztime 30s
	$(GO) test ./impl/form -run '^$$' -fuzz '^FuzzDecodeQuery$$' -fuzztime 30s

.PHONY: generate
generate: ## Make gen/ and openapi/*.gen.json from the documents in openapi/.
	$(GO) run ./openapi/tojson < openapi/openapi.yaml > openapi/openapi.gen.json
	$(GO) run ./openapi/tojson < openapi/control.yaml > openapi/control.gen.json
	$(GO) tool oapi-codegen -config oapi-codegen.yaml openapi/openapi.yaml
	$(GO) tool oapi-codegen -config oapi-codegen.control.yaml openapi/control.yaml

.PHONY: web
web: ## Make web/gen/ and web/dist/: what browsers are served.
	@scripts/need.sh node
	cd web && npm ci --no-fund --no-audit --loglevel=error
	cd web && npm run --silent generate && npm run --silent check && npm run --silent build

.PHONY: verify
verify: verify-generated verify-web verify-document verify-code verify-builds ## Check everything that can be checked without running it.

.PHONY: verify-generated
verify-generated:
	scripts/verify-generated.sh

.PHONY: verify-web
verify-web:
	scripts/verify-web.sh

.PHONY: verify-document
verify-document:
	@scripts/need.sh node
	cd tests/node && npm ci --no-fund --no-audit --loglevel=error
	tests/node/node_modules/.bin/redocly lint --extends=recommended openapi/openapi.yaml openapi/control.yaml

.PHONY: verify-code
verify-code:
	@unformatted=$$(gofmt -l $$(git ls-files '*.go' | grep -v '^gen/')); \
	if [ -n "$$unformatted" ]; then echo "gofmt would change:" $$unformatted; exit 1; fi
	$(GO) mod tidy -diff
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

.PHONY: verify-builds
verify-builds:
	for os in linux darwin windows; do CGO_ENABLED=0 GOOS=$$os $(GO) build -o /dev/null ./cmd/fincon || exit 1; done

.PHONY: bench
bench: ## Measure the server beside a bare handler and write tests/bench/RESULTS.md (make bench ARGS=-large for all).
	@scripts/need.sh go
	scripts/with-postgres.sh $(GO) run ./tests/bench $(ARGS)
