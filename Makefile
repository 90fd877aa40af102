.DEFAULT_GOAL := build

build:
	cargo build
.PHONY: build
