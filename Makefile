# Each target sets up what it needs; that takes no time when nothing changed.
BIN := .venv/bin
PORTS := rp2 esp32

.PHONY: setup demo test check bench kernel format clean
.DEFAULT_GOAL := test

setup:
	@tools/setup.sh

demo: setup
	@$(BIN)/penloop demo

test: setup
	@$(BIN)/python -m pytest -n auto $(ARGS)

# The firmware is checked once a port, each against its own stubs.
check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
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
