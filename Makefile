# Three things to do: make demo, make test, make lint. Each makes .venv first where it is missing.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-all lint format schema bench fuzz scorecard experiments lecture clean examples recipe-bench

demo: .venv/ready
	$(BIN)/kerasdemo run configs/quickstart.yaml

test: .venv/ready
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal -m "not slow"

# With a Ray cluster, kills, deep demos and the fuzzer: what needs longer.
test-all: .venv/ready
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# What is generated from the code: a test says where it is out of date.
schema: .venv/ready
	$(BIN)/python -m kerasdemo.training.keras_classes
	$(BIN)/kerasdemo schema configs/schema.json
	$(BIN)/kerasdemo schema --experiment experiments/schema.json

.venv/ready: pyproject.toml .constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v <= (3, 13) else "kerasdemo needs Python 3.11 to 3.13, this is %d.%d; try make PYTHON=python3.12" % v)'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint .constraints.txt --editable ".[dev,ray,serve,tables,tensorboard]"
	@touch $@

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# Beside plain Keras, PyTorch, JAX and KerasTuner; needs KERASDEMO_MNIST, takes an hour.
bench: .venv/ready .bench/ready
	$(BIN)/python tests/benchmarks/bench.py $(WHAT)

.bench/ready:
	for peer in torch jax tuner; do $(PYTHON) -m venv .bench/$$peer; done
	.bench/torch/bin/python -m pip install --quiet numpy setuptools torch==2.13.0
	.bench/jax/bin/python -m pip install --quiet jax==0.10.2 optax
	.bench/tuner/bin/python -m pip install --quiet tensorflow==2.21.0 keras==3.15.1 keras-tuner tensorboard
	@touch $@

# 20,000 changed YAML files, 3,000 hostile data files and 200 corrupted folders; an hour.
fuzz: .venv/ready
	$(BIN)/python tests/fuzz/fuzz.py $(WHAT)

# How often the diagnosis is right, and whether its first remedy helps; half an hour on two cores.
scorecard: .venv/ready
	$(BIN)/python tests/scorecard/scorecard.py $(WHAT)

# Whether `tune` is ahead of blind search, in twelve starts; an hour on two cores.
recipe-bench: .venv/ready
	$(BIN)/python tests/recipe/recipe_bench.py $(WHAT)

# The general experiments on the whole MNIST, with a page and a picture each.
QUESTIONS := optimizer_learning_rate batch_size depth_activation dropout_training_size
experiments: .venv/ready
	@mkdir -p results/experiments
	for e in $(QUESTIONS); do \
	  $(BIN)/kerasdemo sweep experiments/$$e.yaml --quiet && { \
	    sed -n 's/^question: /# /p' experiments/$$e.yaml; \
	    printf '\nMade by `kerasdemo sweep experiments/%s.yaml`.\n\n![%s](%s.png)\n\n' $$e $$e $$e; \
	    $(BIN)/kerasdemo compare results/runs/$$e --format markdown --plot results/experiments/$$e.png; \
	  } > results/experiments/$$e.md || exit 1; \
	done

# The whole lecture, five seeds; needs KERASDEMO_MNIST for the whole MNIST.
lecture: .venv/ready
	$(BIN)/kerasdemo lecture --all --seeds 0-4 --pages results/lecture

# The worked examples: results/examples.
examples: .venv/ready
	$(BIN)/python tests/examples/examples.py
