# The front door. Each target installs what it needs and is not here yet (tools/install-deps),
# builds into build/, and runs a script that can also be called by hand.
#
#   make install PREFIX=/usr DESTDIR=/tmp/package     both are honoured
#   make test STAGES="check release"                  some stages only; tools/test --list

PREFIX ?= /usr/local
DESTDIR ?=
STAGES ?=
.DEFAULT_GOAL := help
.PHONY: help deps build demo test soak bench install uninstall clean check wasm coverage fuzz

help: ## show this list
	@echo "make TARGET:"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "    %-10s %s\n", $$1, $$2 }' Makefile
	@echo "PREFIX=$(PREFIX) and DESTDIR=$(DESTDIR) say where install goes."

deps: ## install everything that any target needs
	@tools/install-deps all

build: ## the release build, in build/release
	@tools/install-deps build
	@cmake --preset release >/dev/null
	@cmake --build --preset release

demo: build ## ten nodes on this machine join from one invitation and build circuits
	@build/release/cepa demo

test: ## every test in its small form, in stages with a table at the end (15 minutes at most)
	@tools/install-deps all
	@tools/test $(STAGES)

soak: ## the long tests: hours
	@tools/install-deps all
	@tools/test --soak $(STAGES)

bench: build ## every benchmark, as printed tables
	@tools/bench

install: build ## install below PREFIX (default /usr/local)
	@DESTDIR="$(DESTDIR)" cmake --install build/release --prefix "$(PREFIX)"
	@[ -n "$(DESTDIR)" ] || [ "$$(id -u)" != 0 ] || ldconfig

uninstall: build ## remove what install put there
	@DESTDIR="$(DESTDIR)" tools/uninstall "$(PREFIX)"

clean: ## remove what was built; packages from npm and source packages go too
	@rm -rf build web/node_modules web/dist tests/interop/node_modules

check: ## the rules that a program decides, all of them
	@tools/install-deps build check
	@tools/check

wasm: ## the core as a WebAssembly module, in build/wasm
	@tools/install-deps build wasm
	@cmake --preset wasm >/dev/null
	@cmake --build --preset wasm

coverage: ## which lines of the core its tests reach
	@tools/install-deps build coverage
	@cmake --preset coverage >/dev/null
	@cmake --build --preset coverage
	@tools/coverage

fuzz: ## every fuzz target for 20 seconds
	@tools/install-deps build fuzz
	@cmake --preset fuzz >/dev/null
	@cmake --build --preset fuzz
	@tools/fuzz 20
