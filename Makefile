# build     the static binary, ./r2rpack
# try       the main job on .NET 10: compose, run, verify, pack, Dockerfile, all into ./try
# test      all tests on real inputs (under ten minutes on two cores)
# prove     the slow proofs: every recipe, repeats, real container engines
# bench     figures as ratios against named peers, from one run
# profiles  trains the common startup profile anew: all programs are traced on both frameworks
# lint      gofmt, vet, staticcheck
# race      the short tests under the race detector

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
DEBIAN_TEST = mono-utils pigz zstd xz-utils unzip libarchive-tools binutils binutils-aarch64-linux-gnu chromium fonts-dejavu-core

R2RPACK_DATA ?= ../shared/data
override R2RPACK_DATA := $(abspath $(R2RPACK_DATA))
export R2RPACK_DATA

.PHONY: build try test prove bench profiles lint race needs

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o r2rpack ./cmd/r2rpack

try: build
	GO=$(GO) sh scripts/try.sh ./r2rpack try

needs:
	@sh scripts/needs.sh $(DEBIAN_TEST)

test: needs
	$(GO) test ./...
	@sh scripts/skipped.sh

race:
	$(GO) test -race -short ./...

prove: build needs
	sh scripts/prove.sh

bench: build
	$(GO) run ./internal/tools/bench -r2rpack ./r2rpack -data $(R2RPACK_DATA)

profiles:
	$(GO) run ./internal/tools/profiles -data $(R2RPACK_DATA)

lint:
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'gofmt these'; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
