# Each target sets up what it needs; that takes no time when nothing changed.
BIN := .venv/bin
PORTS := rp2 esp32

.PHONY: setup demo test evidence evidence-long check check-style check-types check-firmware bench kernel format clean
.DEFAULT_GOAL := test

setup:
	@tools/setup.sh

demo: setup
	@$(BIN)/penloop demo

test:
	@tools/setup.sh test
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

# The evidence of safety into out/evidence, within an hour; the suite of tests runs first where its
# last result is missing or of other sources. SHORT=1 does what CI does, without the suite.
evidence:
	@tools/setup.sh test
	@$(BIN)/penloop evidence $(if $(SHORT),--short) $(ARGS)

# What takes hours: it goes on where it ended, and its last results stand in the report.
evidence-long:
	@tools/setup.sh test
	@$(BIN)/penloop evidence --long $(ARGS)

check: check-style check-types check-firmware

check-style: setup
	$(BIN)/ruff check --output-format=concise .
	$(BIN)/ruff format --check .

check-types: setup
	$(BIN)/mypy

# Once a port, each against its own stubs.
check-firmware: setup
	@for port in $(PORTS); do \
		echo "mypy: firmware on $$port"; \
		MYPYPATH=.stubs/$$port:firmware $(BIN)/mypy --config-file tools/firmware-mypy.ini \
			--custom-typeshed-dir .stubs/$$port --cache-dir .mypy_cache/$$port -p penfw || exit; \
	done

bench:
	@tools/setup.sh bench
	@$(BIN)/python -m benchmarks $(ARGS)

# Compiles the plant kernel anew, after a change of kernel.py or kernel.pxd.
kernel:
	@tools/setup.sh kernel

format: setup
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

# Everything that was made, but for .venv and .stubs.
clean:
	rm -rf build dist out *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
	rm -f simulator/pensim/plant/_kernel_compiled.*
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
