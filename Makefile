# The README's commands. make help lists them.
SHELL := /bin/bash
export CGO_ENABLED ?= 0

BIN := bin
TOOLS := $(CURDIR)/.tools
LINT_VERSION := v2.15.0
PACKAGES := ./...
# Where 3CX's OpenAPI documents (xapi-20.0.7.yaml, xapi-20.0.10.yaml) lie, for make descriptors.
THREECX_DOCS ?= docs/3cx-openapi

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build cordboard and the 3CX plugin into bin/
	@mkdir -p $(BIN)
	go build -trimpath -ldflags "-s -w" -o $(BIN)/ ./cmd/...

.PHONY: demo
demo: build ## Build, then run three workflows against a simulated phone system
	$(BIN)/cordboard demo

# The race detector watches all but what it makes up to a hundred times slower: C programs that were translated to Go (SQLite and
# QuickJS; one goroutine at a time uses a connection or an engine), and two functions that are slow on purpose (keys from passphrases).
RACE := -race -gcflags=modernc.org/...=-race=false -gcflags=golang.org/x/crypto/blowfish=-race=false -gcflags=golang.org/x/crypto/scrypt=-race=false

.PHONY: test
test: test-tools test-packages ## Run all tests with the race detector (installs gcc and the servers to test against if they are missing)
	CORDBOARD_TEST_SERVERS=1 CORDBOARD_TEST_PACKAGES=$$([ -d $(COMMUNITY) ] && echo $(COMMUNITY)) CGO_ENABLED=1 go test $(RACE) -timeout 9m $(PACKAGES)

# What the tests need and Go does not bring: gcc for the race detector, servers to test against.
.PHONY: test-tools
test-tools:
	@command -v gcc >/dev/null || command -v clang >/dev/null || $(MAKE) -s install WHAT="gcc libc6-dev" WHY="which the race detector needs"
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || $(MAKE) -s install WHAT="postgresql" WHY="which the store is tested against"
	@command -v mariadbd >/dev/null || [ -x /usr/sbin/mariadbd ] || $(MAKE) -s install WHAT="mariadb-server" WHY="which the MySQL node is tested against"
	@command -v redis-server >/dev/null || $(MAKE) -s install WHAT="redis-server" WHY="which the Redis node is tested against"
	@[ -x /usr/sbin/sshd ] || $(MAKE) -s install WHAT="openssh-server" WHY="which the SSH node and tunnels are tested against"
	@[ -e /usr/lib/proftpd/mod_sftp.so ] || $(MAKE) -s install WHAT="proftpd-core proftpd-mod-crypto" WHY="which the FTP node is tested against"
	@command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ] || $(MAKE) -s install WHAT="mosquitto" WHY="which the MQTT nodes are tested against"
	@[ -x /usr/sbin/rabbitmq-server ] || $(MAKE) -s install WHAT="rabbitmq-server" WHY="which the RabbitMQ nodes are tested against"
	@/usr/bin/python3 -c "import aiosmtpd" 2>/dev/null || $(MAKE) -s install WHAT="python3-aiosmtpd" WHY="which the Send Email node is tested against"
	@command -v dovecot >/dev/null || [ -x /usr/sbin/dovecot ] || $(MAKE) -s install WHAT="dovecot-imapd" WHY="which the Email Trigger is tested against"

# Community packages that nodes import is tested with; without npm, or a way to it, that test is left out.
COMMUNITY := $(TOOLS)/community
.PHONY: test-packages
test-packages:
	@[ -d $(COMMUNITY) ] || ! command -v npm >/dev/null || { echo "make test: fetching n8n community packages, which nodes import is tested with"; \
	  rm -rf $(COMMUNITY).new && mkdir -p $(COMMUNITY).new && cd $(COMMUNITY).new && \
	  for p in immojump=n8n-nodes-immojump@1.11.4 zernio=n8n-nodes-zernio@0.7.1 firecrawl=@mendable/n8n-nodes-firecrawl@2.1.2; do \
	    mkdir $${p%%=*} && tar -xzf "$$(npm pack --silent "$${p#*=}")" -C $${p%%=*} --strip-components=1 || exit 0; \
	  done; mv $(COMMUNITY).new $(COMMUNITY); }

.PHONY: install
install:
	@echo "make test: installing $(WHAT), $(WHY)"
	@$$([ "$$(id -u)" = 0 ] || echo sudo) sh -c 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(WHAT)'

.PHONY: bench
bench: build ## Measure what docs/benchmarks.md speaks of
	go run ./internal/bench -bin $(BIN)

.PHONY: fuzz
fuzz: ## Fuzz every parser of outside input for a short time
	@for pkg in $$(go list ./...); do \
	  for f in $$(go test -list '^Fuzz' $$pkg 2>/dev/null | grep '^Fuzz'); do \
	    echo "$$pkg $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime 10s $$pkg || exit 1; \
	  done; done

.PHONY: descriptors
descriptors: ## Make the 3CX descriptors anew (THREECX_DOCS=folder with 3CX's documents)
	go run ./cmd/cordboard nodes generate --threecx $(THREECX_DOCS) --out .

.PHONY: reference
reference: ## Make docs/3cx anew from the descriptors
	go test ./descriptors/threecx -run TestReference -update

.PHONY: proto
proto: ## Make the plugin protocol's Go code anew (needs protoc, protoc-gen-go, protoc-gen-go-grpc)
	cd nodes/plugin/proto && protoc --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative cordboard.proto

.PHONY: fmt
fmt: ## Format the code
	gofmt -w $$(git ls-files '*.go')

.PHONY: lint
lint: $(TOOLS)/golangci-lint ## Format check, go vet and golangci-lint
	@out=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$out" ] || { echo "gofmt would change:"; echo "$$out"; exit 1; }
	go vet $(PACKAGES)
	$(TOOLS)/golangci-lint run $(PACKAGES)

$(TOOLS)/golangci-lint:
	@echo "make lint: installing golangci-lint $(LINT_VERSION) into .tools/"
	GOBIN=$(TOOLS) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)

.PHONY: clean
clean: ## Remove what the other targets made
	rm -rf $(BIN) $(TOOLS)
