"""Short experiments on a run's config, where its record alone can't separate causes.

From TheDeepChecker (Ben Braiek and Khomh, TOSEM 2022): can the network memorize one batch, and
does it perform better than with its inputs set to 0? From Smith (2017, Cyclical learning rates):
what does each learning rate do to the loss in a few hundred steps? Facts only; the diagnosis says
what they mean.
"""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from kerasdemo import data
from kerasdemo.backend import tf
from kerasdemo.config import Fault, InputError, RunConfig
from kerasdemo.data import Array, Dataset
from kerasdemo.records import Run, files
from kerasdemo.training import network, optimizers
from kerasdemo.training.epoch_loop import epoch_order
from kerasdemo.training.trainer import make_scorer, shared_epoch_trainer

# One batch: few enough examples to be memorized, and steps enough for it.
BATCH = 32
BATCH_STEPS = 400
# A learning rate gets so many examples, in no more than so many steps.
RATE_EXAMPLES = 20_000
RATE_STEPS = 200
DECADES = (-3, -2, -1, 0, 1, 2, 3)
ADAM = {"name": "adam", "learning_rate": 1e-3}


def run_sanity_checks(run: Run) -> dict[str, Any]:
    """Run the checks on a run's config and write them into its folder, unless they are there.

    Returns:
        What sanity_checks.json holds.

    Raises:
        InputError: where the run's data are no longer available, or its folder is not writable.
    """
    if run.sanity_checks:
        return dict(run.sanity_checks)
    dataset = data.load(run.yaml_config)
    sha256 = (run.facts.get("data") or {}).get("sha256")
    if sha256 not in (None, dataset.source.sha256):
        message = "the data is not what the run was trained on; no sanity check was run"
        raise InputError(Fault(message, str(run.path)))
    started = time.perf_counter()
    trainer, examples = ShortTrainer(run.yaml_config, dataset), take_steps(run.yaml_config, dataset)
    rates = learning_rates(trainer, *examples)
    facts = {
        "one_batch": one_batch(run.yaml_config, dataset),
        "learning_rates": rates,
        "zeroed_input": zeroed_input(trainer, *examples, rates["best_rate"]),
        "seconds": round(time.perf_counter() - started, 3),
    }
    try:
        files.write_json(run.folder.sanity_checks_file, facts)
    except OSError as error:
        raise InputError(Fault(f"can't be written: {error.strerror}", str(run.path))) from None
    return facts


def one_batch(config: RunConfig, dataset: Dataset) -> dict[str, Any]:
    """Train on one batch alone, without dropout and penalties: as configured, and with Adam.

    Where only Adam memorizes it, the optimizer is at fault; where neither does, the network, its
    output or its loss.
    """
    x, y = dataset.train.x, dataset.train.y
    chosen = np.unique(np.linspace(0, len(y) - 1, min(BATCH, len(y))).astype(int))
    x, y = x[chosen], y[chosen]
    order = np.tile(np.arange(len(x), dtype=np.int32), BATCH_STEPS)
    changes: dict[str, Any] = {
        "training.batch_size": len(x),
        "network.regularizer": {"l1": 0.0, "l2": 0.0},
    }
    if config.network.layers is None:
        changes |= {"network.dropout": 0.0, "network.input_dropout": 0.0}
    else:
        layers = config.resolved["network"]["layers"]
        changes |= dict.fromkeys(_dropout_keys(layers, "network.layers"), 0.0)
    plain = config.with_changes(changes)
    adam = plain.with_changes({"optimizer": ADAM})
    return {
        "examples": len(x),
        "steps": BATCH_STEPS,
        "chance": _chance(config, y),
        "own": ShortTrainer(plain, dataset).train(order, x, y),
        "adam": ShortTrainer(adam, dataset).train(order, x, y),
    }


def _dropout_keys(written: Any, path: str) -> Iterator[str]:
    """Yield the dotted paths of all dropout rates in written layers, nested ones as well."""
    parts = enumerate(written) if isinstance(written, list) else written.items()
    for key, value in parts:
        if isinstance(value, list | dict):
            yield from _dropout_keys(value, f"{path}.{key}")
        elif value and (
            key in ("dropout", "recurrent_dropout")
            or (key == "rate" and "dropout" in written.get("type", ""))
        ):
            yield f"{path}.{key}"


def _chance(config: RunConfig, y: Array) -> float:
    """Return the score of the best constant prediction of targets: accuracy, or R²."""
    if config.task == "regression":
        return 0.0
    if config.task == "multi_label":
        shares = y.mean(axis=0)
        return float(np.maximum(shares, 1 - shares).mean())
    return float(np.bincount(y).max() / len(y))


def learning_rates(trainer: "ShortTrainer", order: Array, x: Array, y: Array) -> dict[str, Any]:
    """Train for a few hundred steps with each of seven rates, the config's in their middle.

    Losses and scores are of training examples, in inference mode.
    """
    rates = [float(f"{trainer.rate * 10.0**decade:.6g}") for decade in DECADES]
    rows = [trainer.train(order, x, y, rate) for rate in rates]
    finite = [row for row in rows if np.isfinite(row["loss"])]
    best = min(finite, key=lambda row: row["loss"], default=None)
    return {
        "steps": -(-len(order) // trainer.config.training.batch_size),
        "loss_before": rows[0]["loss_before"],
        "own_rate": trainer.rate,
        "best_rate": best["rate"] if best else None,
        "rates": [_without(row, "loss_before") for row in rows],
    }


def zeroed_input(
    trainer: "ShortTrainer", order: Array, x: Array, y: Array, rate: float | None
) -> dict[str, float]:
    """Train with `rate` and with every input 0: what is possible without looking at them."""
    row = trainer.train(order, np.zeros_like(x), y, rate)
    return _without(row, "loss_before")


def _without(row: dict[str, float], key: str) -> dict[str, float]:
    return {name: value for name, value in row.items() if name != key}


def take_steps(config: RunConfig, dataset: Dataset) -> tuple[Array, Array, Array]:
    """Return the order (m,) in which a rate's steps take examples, batch by batch; and x, y."""
    x, y = dataset.train.x[:RATE_EXAMPLES], dataset.train.y[:RATE_EXAMPLES]
    size = min(config.training.batch_size, len(y))
    steps = max(1, min(RATE_STEPS, RATE_EXAMPLES // size))
    epochs = range(-(-steps * size // len(y)))
    order = np.concatenate([epoch_order(config.seed, epoch, len(y)) for epoch in epochs])
    return order[: steps * size], x, y


class ShortTrainer:
    """Trains a config's network from its initial weights, many steps in one compiled call."""

    def __init__(self, config: RunConfig, dataset: Dataset):
        self.rate = peak_rate(config)
        # A rate that follows a schedule can't be set.
        config = config.with_changes({"optimizer.learning_rate": self.rate})
        self.config = config
        self.outputs = dataset.outputs
        self.network = network.build(config, dataset.shape, dataset.outputs)
        self.epoch_trainer = shared_epoch_trainer(config, dataset.shape, dataset.outputs)
        self.scorer = make_scorer(config, dataset)

    def train(
        self, order: Array, x: Array, targets: Array, rate: float | None = None
    ) -> dict[str, float]:
        """Train on examples in an order, batch by batch.

        Args:
            order: which examples, (steps * batch size,).
            x: examples (n, ...).
            targets: their classes (n,), labels or numbers (n, columns).
            rate: the learning rate; None is the config's.

        Returns:
            The rate, the first examples' loss before and after, and their accuracy or R² after.
        """
        rate = self.rate if rate is None else rate
        y = network.encode(network.targets(self.config, self.network), targets, self.outputs)
        evaluator = self.epoch_trainer.evaluator
        some = evaluator.chunks(x, y, keep=False).first()
        self.epoch_trainer.load(self.network)
        self.epoch_trainer.network.optimizer.learning_rate = rate
        before = evaluator.evaluate(some, self.scorer)
        self.epoch_trainer.train(order, (tf.constant(x), tf.constant(y)))
        after = evaluator.evaluate(some, self.scorer)
        score = "r2" if self.config.task == "regression" else "accuracy"
        return {
            "rate": rate,
            "loss_before": before.loss,
            "loss": after.loss,
            score: after.scores[score],
        }


def peak_rate(config: RunConfig) -> float:
    """Return the learning rate; of a schedule the largest that the training comes to."""
    rate = config.optimizer.arguments["learning_rate"]
    if not isinstance(rate, Mapping):
        return float(rate)
    optimizer = optimizers.optimizer(config)
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    training = config.training
    steps = training.epochs * -(-(config.data.train or 1) // training.batch_size)
    rates = []
    for step in np.unique(np.linspace(0, steps - 1, 200).astype(int)):
        optimizer.iterations.assign(step)
        rates.append(float(optimizer.learning_rate))
    return max(rates)
