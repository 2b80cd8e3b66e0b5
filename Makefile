# What is needed: Python >= 3.11, make and a package index. Each target builds its own environment
# under .venv/ from pinned requirements, once, and again when the pins change.

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow test-browser coverage foreign fuzz bench rivals bench-imaging bench-tuning speed data \
	results ceiling robustness study landscape validation imaging downstream instability confidence alignment pixels throughput \
	lazy-gp emulation trainings studies docs dist lock clean
.PRECIOUS: .venv/%/packages .venv/%/ready

NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11,\
	$(shell $(name) -c '$(NEW_ENOUGH)' 2>/dev/null && echo $(name))) python3)
PIP_FLAGS := --quiet --disable-pip-version-check
TEST := .venv/test/bin
# As many workers as cores: each has one thread, as more of them wait for each other.
PYTEST := OMP_NUM_THREADS=1 $(TEST)/pytest --numprocesses=auto --maxprocesses=8 --dist=loadfile --durations=20
COVERAGE := --cov=trackscape --cov=studies --cov-append --cov-report=term:skip-covered
BROWSER := command -v chromium || command -v chromium-browser || command -v google-chrome
# Otherwise pyright asks the network whether it is the newest.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*##/make \1\t/p' Makefile

demo: .venv/demo/ready  ## show the whole flow on real hits, or on yours: make demo DATA=folder
	.venv/demo/bin/trackscape demo $(if $(DATA),--data '$(DATA)')

test: .venv/test/ready  ## everything that must hold before a commit
	$(TEST)/ruff check
	$(TEST)/ruff format --check
	$(TEST)/lint-imports --no-logo
	@echo "pyright: beside the tests; what it finds comes after them."
	@$(TEST)/pyright --pythonpath $(TEST)/python > .venv/test/pyright 2>&1 & types=$$!; \
		$(PYTEST) -m 'not slow'; tests=$$?; \
		wait $$types || { cat .venv/test/pyright; exit 1; }; exit $$tests

test-slow: .venv/test/ready  ## what takes minutes: whole studies, killed processes, checked shapes
	PYTHONPATH=tests $(PYTEST) -m slow -p checked_types

docs: .venv/docs/packages  ## the documentation as a site that needs no network: site/index.html (OUTPUTS=no: tutorials as they are)
	OUTPUTS='$(OUTPUTS)' NO_MKDOCS_2_WARNING=1 .venv/docs/bin/python -m mkdocs build --strict
	@.venv/docs/bin/python -m website.weights site

# The test environment makes the pages; a small one with a driver opens them.
test-browser: .venv/test/ready .venv/browser/packages  ## every page in a real browser: needs chromium
	@{ $(BROWSER); } > /dev/null || { test "$$(id -u)" = 0 && apt-get update && \
		apt-get install --yes chromium; } > .venv/browser/apt 2>&1 || true
	@if { $(BROWSER); } > /dev/null; then \
		OMP_NUM_THREADS=1 $(TEST)/python tests/browser_pages.py .venv/browser/pages && \
		.venv/browser/bin/pytest tests/browser --confcutdir=tests/browser --durations=5; \
	else \
		echo "Skipped: no browser was found; install chromium, for instance by apt-get install chromium."; \
	fi

coverage: .venv/test/ready  ## how much of the source all tests run: 92 % or more
	rm -f .coverage
	$(PYTEST) -m 'not slow' $(COVERAGE) --cov-fail-under=0
	$(PYTEST) -m slow $(COVERAGE)

foreign: .venv/foreign/ready  ## landscapes of JAX and Keras models, with these packages installed
	.venv/foreign/bin/pytest tests/landscape/test_foreign.py tests/test_tutorials.py \
		-k 'foreign or jax or keras'

fuzz: .venv/test/ready  ## damaged, odd and hostile files for every reader: make fuzz N=100000
	PYTHONPATH=tests $(TEST)/python -m fuzz.run --in-all $(or $(N),100000)

bench: .venv/test/ready  ## speed and memory beside the published method: make bench DATA=folder
	$(TEST)/python -m benchmarks.run $(if $(DATA),--data '$(DATA)')

rivals: .venv/rivals/ready  ## loss surfaces and eigenpairs beside other tools: make rivals DATA=folder
	.venv/rivals/bin/python -m benchmarks.landscape $(if $(DATA),--data '$(DATA)')

bench-imaging: .venv/imaging/ready  ## images beside other engines: make bench-imaging DATA=scan TUNING=scan
	.venv/imaging/bin/python -m benchmarks.imaging $(if $(DATA),--data '$(DATA)') \
		$(if $(TUNING),--tuning '$(TUNING)')

bench-tuning: .venv/tuning-rivals/ready  ## tuning beside other tools: make bench-tuning RUNS=folder SEEDS=30
	OMP_NUM_THREADS=1 .venv/tuning-rivals/bin/python -m benchmarks.tuning '$(RUNS)' --seeds $(or $(SEEDS),30)

data: .venv/test/ready  ## simulate the test files, and training files: make data DATA=folder
	$(TEST)/python -m studies.data_sets test '$(DATA)'
	$(TEST)/python -m studies.data_sets training '$(DATA)'

results: .venv/test/ready  ## the table of results: make results DATA=folder
	$(TEST)/python -m studies.results '$(DATA)' -o docs/results.md

ceiling: .venv/test/ready  ## how much is left: make ceiling DATA=folder
	$(TEST)/python -m studies.ceiling '$(DATA)' -o docs/ceiling.md

study: .venv/test/ready  ## every gradient through the assignment: make study DATA=folder RUNS=folder
	OMP_NUM_THREADS=1 $(TEST)/python -m studies.estimators configs/study/cpu.yaml --data '$(DATA)' \
		--runs '$(RUNS)' --archive studies/archive --workers 2 -o docs/studies/estimators.md

landscape: .venv/test/ready  ## the study of the loss landscape: make landscape DATA=folder RUNS=folder
	$(TEST)/python -m studies.loss_landscape configs/landscape/cpu.yaml --data '$(DATA)' \
		--runs '$(RUNS)' --workers 2 -o docs/studies/loss_landscape.md

trainings: .venv/test/ready  ## those of the studies, to the archive: make trainings DATA=folder RUNS=folder HOURS=n
	OMP_NUM_THREADS=1 $(TEST)/python -m studies.trainings configs/landscape/full.yaml --data '$(DATA)' \
		--runs '$(RUNS)' --archive studies/archive --workers 2 $(if $(HOURS),--hours $(HOURS))

studies: .venv/test/ready  ## pages of studies from the archive of trainings: make studies DATA=folder RUNS=folder
	OMP_NUM_THREADS=1 $(TEST)/python -m studies.loss_landscape configs/landscape/full.yaml --data '$(DATA)' \
		--runs '$(RUNS)' --archive studies/archive --workers 2 --trained-only \
		--figures studies/archive/landscape.json -o docs/studies/loss_landscape.md
	$(MAKE) instability DATA='$(DATA)' RUNS='$(RUNS)'
	$(TEST)/python -m studies.verdicts configs/registered/published.yaml studies/archive/landscape.json \
		studies/archive/instability.json -o docs/studies/what_holds.md
	$(TEST)/python -m studies.learning_curves configs/landscape/full.yaml configs/trainings/half.yaml \
		configs/trainings/twice.yaml --archive studies/archive -o docs/studies/trainings.md

instability: .venv/test/ready  ## what seeds do to the image: make instability DATA=folder RUNS=folder
	$(TEST)/trackscape simulate --scan configs/scan/ctp404-coarse.yaml -o '$(RUNS)/scan'
	$(TEST)/python -m studies.trainings configs/landscape/full.yaml --runs '$(RUNS)' --archive studies/archive --hours 0
	OMP_NUM_THREADS=1 $(TEST)/python -m studies.instability configs/landscape/full.yaml '$(RUNS)/scan' \
		--data '$(DATA)' --runs '$(RUNS)' --further studies/archive/downstream --workers 2 \
		--figures studies/archive/instability.json -o docs/studies/instability.md

robustness: .venv/test/ready  ## other hits than those trained on: make robustness DATA=folder GATE=file
	$(TEST)/python -m studies.robustness '$(DATA)' '$(GATE)' -o docs/robustness.md

imaging: .venv/test/ready  ## what tracking does to the image: make imaging SCANS='folder ...'
	$(TEST)/python -m studies.imaging $(SCANS) -o docs/imaging_quality.md

confidence: .venv/test/ready  ## how true the probabilities of tracks are: make confidence DATA=folder
	$(TEST)/python -m studies.confidence '$(DATA)' -o docs/confidence.md

alignment: .venv/test/ready  ## how far layers are found without truth: make alignment DATA=folder
	$(TEST)/python -m studies.alignment '$(DATA)' -o docs/alignment.md

pixels: .venv/test/ready  ## what pixels do to tracks: make pixels DATA=folder
	$(TEST)/python -m studies.pixels '$(DATA)' -o docs/pixels.md

throughput: .venv/test/ready  ## protons a second, of frames and of files: make throughput DATA=folder
	OMP_NUM_THREADS=1 $(TEST)/python -m benchmarks.throughput --data '$(DATA)'
	$(TEST)/python -m benchmarks.streaming

lazy-gp: .venv/test/ready  ## what it costs to refit seldom: make lazy-gp RUNS=folder
	OMP_NUM_THREADS=1 $(TEST)/python -m studies.lazy_gp '$(RUNS)' -o docs/studies/lazy_gp.md

emulation: .venv/test/ready  ## emulators of the aerosol microphysics M7: make emulation WORK=folder
	OMP_NUM_THREADS=1 $(TEST)/python -m studies.emulation '$(WORK)' -o docs/emulation.md

downstream: .venv/test/ready  ## training with the costs of the image: make downstream TUNING=scan JUDGED=scan
	$(TEST)/python -m studies.downstream '$(TUNING)' '$(JUDGED)' --archive studies/archive/downstream \
		-o docs/studies/downstream.md

speed: .venv/test/ready  ## speed and memory of the simulation
	$(TEST)/python -m benchmarks.simulation --million -o docs/benchmarks_simulation.md

validation: .venv/test/ready  ## the fast simulation beside Geant4: make validation DATA=folder
	$(TEST)/python -m studies.validation '$(DATA)' -o docs/validation

dist: .venv/dist/packages  ## source distribution and wheel in dist/, checked
	rm -rf build dist
	.venv/dist/bin/python -m build --no-isolation --outdir dist > .venv/dist/log 2>&1 || { \
		cat .venv/dist/log; exit 1; }
	.venv/dist/bin/twine check --strict dist/*
	.venv/dist/bin/python packaging/contents.py dist/*.tar.gz dist/*.whl

lock: lock-test lock-demo lock-docs  ## renew the pinned requirements, on Python 3.11

clean:  ## remove what the other targets made
	rm -rf site .cache .venv .hypothesis .pytest_cache .ruff_cache .import_linter_cache .coverage
	rm -rf build dist src/trackscape.egg-info
	find src tests -name __pycache__ -prune -exec rm -rf {} +

.venv/%/packages: requirements/%.txt
	@$(PYTHON) -c '$(NEW_ENOUGH)' || { \
		echo "trackscape needs Python 3.11 or newer; $(PYTHON) is not."; \
		echo "Name one that is: make $(MAKECMDGOALS) PYTHON=/path/to/python3"; exit 1; } >&2
	@echo "Building .venv/$* with $$($(PYTHON) --version). Where it has PyTorch, this can take minutes."
	$(PYTHON) -m venv --clear .venv/$*
	.venv/$*/bin/pip install $(PIP_FLAGS) --requirement $<
	@touch $@

.venv/rivals/packages .venv/foreign/packages .venv/imaging/packages .venv/tuning-rivals/packages: \
	requirements/test.txt

# What builds the site, and beside it what the tests run on: PyTorch is not installed twice.
.venv/docs/packages: requirements/docs.txt .venv/test/ready
	$(PYTHON) -m venv --clear .venv/docs
	grep -vxFf requirements/test.txt $< > .venv/docs/own
	.venv/docs/bin/pip install $(PIP_FLAGS) --no-deps --requirement .venv/docs/own
	for packages in .venv/docs/lib/python*/site-packages; do \
		printf '%s\n' '$(CURDIR)'/.venv/test/lib/python*/site-packages '$(CURDIR)/src' > $$packages/beside.pth; done
	@touch $@

.venv/%/ready: .venv/%/packages pyproject.toml
	.venv/$*/bin/pip install $(PIP_FLAGS) --no-deps --no-build-isolation --editable .
	@touch $@

# The build of torch (+cpu, ...) and the CUDA packages that it brings are the machine's own choice.
lock-test: WHAT := '.[dev,all]'
lock-demo: WHAT := . --constraint requirements/test.txt
lock-demo: lock-test
lock-docs: WHAT := '.[docs]' --constraint requirements/test.txt
lock-docs: lock-test
lock-%:
	$(PYTHON) -m venv --clear .venv/lock
	.venv/lock/bin/pip install $(PIP_FLAGS) --upgrade torch==2.13.0 setuptools --editable $(WHAT)
	.venv/lock/bin/pip freeze --all --exclude pip --exclude-editable > .venv/lock/frozen
	{ grep '^#' requirements/$*.txt; sed -E '/^(nvidia|cuda|triton)/d; s/\+.*//' .venv/lock/frozen; } \
		> requirements/$*.new
	mv requirements/$*.new requirements/$*.txt
