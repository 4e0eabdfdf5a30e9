# make run     install what is needed, build, resolve a few names, and serve
#              POLICY=my.lua, ARGS="--listen 127.0.0.1:5454 --control /tmp/second.sock"
# make test    the same, and pass all tests
# make check   formatters, linters, warnings as errors, sanitizers, fuzz smoke, macOS build
# make bench   beside the peers, as ratios
POLICY ?= examples/home.lua
ARGS ?=
JOBS ?= $(shell nproc 2>/dev/null || echo 2)

.PHONY: run build test check bench clean setup

build: setup
	@[ -x build/mlxresolve ] || echo "building mlxresolve (less than a minute)"
	@cmake --preset release >/dev/null
	@cmake --build build -j$(JOBS) -- --no-print-directory -s

setup:
	@tools/setup build

run: build
	@tools/run '$(POLICY)' $(ARGS)

test: build
	@tools/setup test
	@tools/test

check: build
	@tools/setup test check
	@tools/check

bench: build
	@tools/setup test bench
	@tools/bench

clean:
	rm -rf build build-dev build-tsan build-check
