# Works with GNU make 3.81 (macOS) and later. make local and make test need Go and nothing else.

GOLANGCI_LINT_VERSION := v2.15.0
GOFUMPT_VERSION       := v0.12.0
GOVULNCHECK_VERSION   := v1.9.0

# The events that make local plays. Empty for the whole life of a stack.
EVENTS ?=
# With 1, make local shows each call to AWS.
CALLS  ?=
# More arguments for go test, as in: make test TESTFLAGS='-run TestRename' PACKAGES=./internal/acceptance
TESTFLAGS ?=
PACKAGES  ?= ./...
# How long make fuzz works on each target.
FUZZTIME  ?= 1m

BIN           := $(CURDIR)/.bin
GOLANGCI_LINT := $(BIN)/golangci-lint-$(GOLANGCI_LINT_VERSION)
GOFUMPT       := $(BIN)/gofumpt-$(GOFUMPT_VERSION)
GO_VERSION     = $(shell sed -n 's/^go //p' go.mod)

# What runs in AWS: Lambda's arm64, without the RPC mode of the old Go runtime and without HTTP/2,
# which none of the services that it calls speaks; the same bytes from every directory.
BUILD_LAMBDA = GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build -tags lambda.norpc,nethttpomithttp2 -trimpath -ldflags="-s -w" -buildvcs=false

# For what is released, whose bytes must follow from the commit alone: one version of Go, which Go fetches if it is another,
# and nothing of how Go is set up on this machine. A Go with security fixes is a new version of the project.
RELEASE_GO = GOENV=off GOPROXY="$$(go env GOPROXY)" GOSUMDB="$$(go env GOSUMDB)" GONOSUMDB="$$(go env GONOSUMDB)" GOTOOLCHAIN=go1.26.8 GOFLAGS=-buildvcs=false GOWORK=off GOEXPERIMENT= GOARM64=v8.0 GOFIPS140=off

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: local
local: need-go ## Play a stack's life through the built binary, on this machine alone (EVENTS="events/create.json ...", CALLS=1)
	@go run ./internal/local $(if $(filter-out 0,$(CALLS)),-calls) $(EVENTS)

.PHONY: local-aws
local-aws: need-go ## Serve an AWS in memory, and a receiver for answers, to "sam local invoke"
	@go run ./internal/local -serve

# The parameters of the launch that make plan plans, as Name=value.
PARAMETERS ?=

# Built and then run, for its exit status.
.PHONY: plan
plan: need-go ## Show what a launch would do in the account of your AWS credentials, and change nothing (PARAMETERS=)
	@mkdir -p build && go build -o build/plan ./internal/preview && build/plan $(PARAMETERS)

# Millions of short lives make garbage, which is collected less often. Results of former runs do not count: go test does not
# see what the tests of the built binary build. go vet is make lint's.
GO_TEST := GOGC=1000 go run ./internal/testwatch -count=1 -vet=off -timeout 30m

.PHONY: test
test: need-go ## Run every story and rule, and a sample of the exhaustive tests (TESTFLAGS=, PACKAGES=, SEED=)
	@CGO_ENABLED=0 $(GO_TEST) $(TESTFLAGS) $(PACKAGES)

# The tests that try a sample, as package sample draws it: those that name the package.
SAMPLED = $(shell awk '/^func Test/ { test = $$2; sub(/[^A-Za-z].*/, "", test) } /sample\.[A-Z]/ { print test }' internal/*/*_test.go | sort -u | paste -sd '|' -)
# What neither starts goroutines nor is called from several has no races. Nor has a race to do with
# how many cases there are: it shows in the order of two accesses, wherever they happen. So the race
# detector gets every story, but a quarter of the samples; and not what waits for another process (the
# binary that is killed, moto), nor a hundred accounts that share nothing.
RACELESS := iampolicy|intrinsics|moto|plan|preview|release|spec|templates

.PHONY: test-all
test-all: exhaustive test-race ## Run the exhaustive tests with all their cases, then the race detector (needs a C compiler)

.PHONY: test-race
test-race: need-go
	@CGO_ENABLED=1 $(GO_TEST) -race -short -skip '^(TestKilledEverywhere|TestMoto.*|TestManyAccounts)$$' $$(go list ./... | grep -vE '/internal/($(RACELESS))($$|/)')

.PHONY: exhaustive
exhaustive: need-go
	@CGO_ENABLED=0 EXHAUSTIVE=1 $(GO_TEST) -parallel 3 -run '^($(SAMPLED))$$' ./internal/acceptance ./internal/local

.PHONY: fuzz
fuzz: need-go ## Fuzz the event, the properties, the plan and the answer, each for FUZZTIME (1m)
	@set -e; for package in ./internal/customresource ./internal/spec ./internal/plan; do \
	  for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
	    echo "$$package $$target"; \
	    go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$package; \
	  done; \
	done

# How many accounts make bench rolls out to, one after the other figure.
BENCH_ACCOUNTS ?= 1000 10000

.PHONY: bench
bench: need-go ## Measure the function beside hello-world, Python and a straight line; a thousand accounts; the hot pieces
	@mkdir -p build
	@go test -count=1 -timeout 30m -v -run '^TestMeasure$$' ./internal/local -measure >build/measure.log 2>&1 || { cat build/measure.log; exit 1; }
	@sed -n '/^Measured/,/^--- /{/^---/!p;}' build/measure.log
	@echo; echo "A rollout to many accounts, in virtual time"; echo
	@set -e; for n in $(BENCH_ACCOUNTS); do \
	  go test -count=1 -v -run '^TestManyAccounts$$' ./internal/acceptance -accounts=$$n >build/accounts.log 2>&1 || { cat build/accounts.log; exit 1; }; \
	  sed -n 's/^ *accounts_test.go:[0-9]*: *//p' build/accounts.log; \
	done
	@echo; echo "The hot pieces, for benchstat"; echo
	@go test -run '^$$' -bench . -benchtime 0.5s ./internal/spec ./internal/plan ./internal/account ./internal/customresource

.PHONY: lint
lint: need-go $(GOFUMPT) $(GOLANGCI_LINT) ## Check formatting, go vet and golangci-lint
	@files=$$($(GOFUMPT) -l .) && if [ -n "$$files" ]; then echo "not formatted, run make fmt:"; echo "$$files"; exit 1; fi
	go vet ./...
	$(GOLANGCI_LINT) run

.PHONY: fmt
fmt: need-go $(GOFUMPT) ## Format the Go code
	$(GOFUMPT) -w .

.PHONY: python
python: ## Install moto, cfn-lint, the SAM translator and the AWS CLI into .venv/, where the machine lacks them
	@.ci/python cfnlint samtranslator moto moto.server awscli

.PHONY: templates
templates: need-go ## Make templates/ of template.yaml
	@go run ./internal/templates/generate

.PHONY: template-lint
template-lint: ## Check the templates with cfn-lint and the SAM translator (needs Python)
	@.ci/template-lint

.PHONY: validate
validate: ## Check the templates with AWS's validator and the CDK (needs Node.js and npm; skipped without)
	@.ci/validate

.PHONY: deploy-test
deploy-test: need-go ## Deploy the templates in moto, as a stack and as a StackSet (needs Python)
	@python=$$(.ci/python moto samtranslator) && "$$python" -W ignore .ci/deploy-test

.PHONY: second-opinion
second-opinion: need-go ## Put the function's role to another evaluator of IAM policies (needs Node.js and npm; skipped without)
	@.ci/second-opinion

# Not in .ci/run: it asks Go's vulnerability database, which is not everywhere within reach.
.PHONY: vulnerabilities
vulnerabilities: need-go ## Look for known vulnerabilities in what the function uses (needs the internet)
	GOFLAGS= go run golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION) ./...

.PHONY: docs-test
docs-test: ## Check every command of the documents with the AWS CLI, and play scripts/ in moto (needs Python)
	@python=$$(.ci/python moto moto.server awscli) && "$$python" -W ignore .ci/docs-test

# The account and the Region are those of the AWS CLI: AWS_PROFILE, AWS_REGION and so on. Without CONFIRM it says which account
# that is, and does nothing.
.PHONY: smoke
smoke: ## Play the life of a published stack in a real account (CONFIRM=<account ID>, TEMPLATE_URL=, ARTIFACT_BUCKET_PREFIX=)
	@python=$$(.ci/python boto3) && CONFIRM="$(CONFIRM)" "$$python" scripts/smoke "$(TEMPLATE_URL)" "$(ARTIFACT_BUCKET_PREFIX)"

.PHONY: smoke-clean
smoke-clean: ## Remove what a run of make smoke that crashed has left (CONFIRM=<account ID>, RUN=<its ID>)
	@python=$$(.ci/python boto3) && CONFIRM="$(CONFIRM)" "$$python" scripts/smoke --clean "$(RUN)"

.PHONY: smoke-test
smoke-test: need-go ## Play make smoke in moto, with faults that it must find (needs Python)
	@python=$$(.ci/python moto moto.server) && "$$python" -W ignore .ci/smoke-test

.PHONY: build
build: need-go ## Build the functions (linux/arm64) into build/: bootstrap, and watcher
	$(BUILD_LAMBDA) -o build/bootstrap ./functions/provisioner
	$(BUILD_LAMBDA) -o build/watcher ./functions/watcher

.PHONY: package
package: need-go ## Build build/provisioner.zip and watcher.zip, the same bytes from every clone of a commit
	$(RELEASE_GO) $(BUILD_LAMBDA) -o build/bootstrap ./functions/provisioner
	$(RELEASE_GO) $(BUILD_LAMBDA) -o build/watcher ./functions/watcher
	@$(RELEASE_GO) go run ./internal/release package

.PHONY: publish
publish: need-go ## Upload the version to a bucket per Region (REGIONS="us-east-1 ...", ARTIFACT_BUCKET_PREFIX=)
	@go run ./internal/release check -prefix "$(ARTIFACT_BUCKET_PREFIX)" $(REGIONS)
	@$(MAKE) --no-print-directory package
	@go run ./internal/release publish -prefix "$(ARTIFACT_BUCKET_PREFIX)" $(REGIONS)

.PHONY: ci
ci: ## Run everything that CI runs, but for make vulnerabilities
	@.ci/run

.PHONY: clean
clean: ## Remove what was built (the tools in .bin/ and .venv/ stay)
	rm -rf build .aws-sam coverage.out

# sam build calls this for the function Provisioner, with ARTIFACTS_DIR set.
.PHONY: build-Provisioner
build-Provisioner: need-go
	@test -n "$(ARTIFACTS_DIR)" || { echo "build-Provisioner is for sam build, which sets ARTIFACTS_DIR; use make build" >&2; exit 1; }
	$(BUILD_LAMBDA) -o "$(ARTIFACTS_DIR)/bootstrap" ./functions/provisioner

# The same for the function Watcher.
.PHONY: build-Watcher
build-Watcher: need-go
	@test -n "$(ARTIFACTS_DIR)" || { echo "build-Watcher is for sam build, which sets ARTIFACTS_DIR; use make build" >&2; exit 1; }
	$(BUILD_LAMBDA) -o "$(ARTIFACTS_DIR)/bootstrap" ./functions/watcher

.PHONY: need-go
need-go:
	@command -v go >/dev/null 2>&1 || { \
	  echo "make: Go is missing. Install Go $(GO_VERSION) or later: https://go.dev/dl/" >&2; exit 1; }
	@go list -m >/dev/null 2>&1 || { \
	  go list -m; echo "make: this needs Go $(GO_VERSION) or later: https://go.dev/dl/" >&2; exit 1; }

# The tools are built from source, each under its version, so that another version is built anew.
.PHONY: tools
tools: need-go $(GOFUMPT) $(GOLANGCI_LINT)

$(GOLANGCI_LINT):
	$(call install-tool,github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION),golangci-lint,$@)

$(GOFUMPT):
	$(call install-tool,mvdan.cc/gofumpt@$(GOFUMPT_VERSION),gofumpt,$@)

# $(1) module path with version, $(2) name of its binary, $(3) where it goes
install-tool = GOFLAGS= CGO_ENABLED=0 GOBIN="$(BIN)/new" go install $(1) && mv "$(BIN)/new/$(2)" "$(3)"
