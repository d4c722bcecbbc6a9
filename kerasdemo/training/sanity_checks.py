"""Short experiments on a run's own config, where its record alone can't separate causes.

From TheDeepChecker (Ben Braiek and Khomh, TOSEM 2022): can the network learn one batch by heart,
and does it do better than with its inputs set to 0? From Smith (2017, Cyclical learning rates):
what does each learning rate do to the loss in a few hundred steps? Facts only; what they mean is
the diagnosis' matter.
"""

import time
from typing import Any

import numpy as np

from kerasdemo.backend import tf
from kerasdemo.config import Fault, InputError, RunConfig
from kerasdemo.config.document import Document
from kerasdemo.config.loading import from_document
from kerasdemo.config.overrides import override
from kerasdemo.data import loading as data
from kerasdemo.data.loading import Array, Dataset
from kerasdemo.records import Run, files
from kerasdemo.training import epoch_trainer, network

# One batch: few enough to be learnt by heart, and steps enough for it.
BATCH = 32
BATCH_STEPS = 400
# A sweep: a rate may look at so many examples, in no more than so many steps.
SWEPT_EXAMPLES = 20_000
SWEPT_STEPS = 200
DECADES = (-3, -2, -1, 0, 1, 2, 3)
ADAM = {"name": "adam", "learning_rate": 1e-3}


def run_sanity_checks(run: Run) -> dict[str, Any]:
    """Make the experiments on a run's config, write them into its folder, and return it.

    What is on disk is not made again.

    Raises:
        InputError: where the run's data can't be had any more, or its folder not be written to.
    """
    if run.sanity_checks:
        return dict(run.sanity_checks)
    dataset = _same_data(run)
    started = time.perf_counter()
    trainer = _Trainer(run.config, dataset)
    sweep = learning_rates(trainer, dataset)
    facts = {
        "one_batch": one_batch(run.config, dataset),
        "learning_rates": sweep,
        "zeroed_input": zeroed_input(trainer, dataset, sweep["best_rate"]),
        "seconds": round(time.perf_counter() - started, 3),
    }
    try:
        files.write_json(run.folder.sanity_checks_file, facts)
    except OSError as error:
        raise InputError(Fault(f"can't be written: {error.strerror}", str(run.path))) from None
    return facts


def _same_data(run: Run) -> Dataset:
    """Return the run's examples; those of another file by the same name would tell nothing."""
    dataset = data.load(run.config)
    known = (run.facts.get("data") or {}).get("sha256")
    if known is not None and known != dataset.source.sha256:
        message = "the data is not what the run was trained on; no sanity check was run"
        raise InputError(Fault(message, str(run.path)))
    return dataset


def one_batch(config: RunConfig, dataset: Dataset) -> dict[str, Any]:
    """Train on one batch alone, without dropout and penalties: as configured, and with Adam.

    Where Adam alone learns it by heart, the steps are the fault; where neither does, the network,
    its output or its loss.
    """
    x, y = _spread(dataset, BATCH)
    order = np.tile(np.arange(len(x), dtype=np.int32), BATCH_STEPS)
    changes = {"training.batch_size": len(x), **_free(config)}
    plain = _changed(config, changes)
    found = {"own": _Trainer(plain, dataset).train(order, x, y)}
    adam = _Trainer(_changed(plain, {"optimizer": ADAM}), dataset)
    found["adam"] = adam.train(order, x, y)
    share = float(np.bincount(y).max() / len(y))
    return {"examples": len(x), "steps": BATCH_STEPS, "chance": share, **found}


def learning_rates(trainer: "_Trainer", dataset: Dataset) -> dict[str, Any]:
    """Train for a few hundred steps with each of seven rates, the config's in their middle.

    Losses and accuracies are of training examples, in inference mode.
    """
    order, (x, y), own = _orders(trainer.config, dataset), _train(dataset), trainer.rate
    rates = [float(f"{own * 10.0**decade:.6g}") for decade in DECADES]
    rows = [trainer.train(order, x, y, rate) for rate in rates]
    finite = [row for row in rows if np.isfinite(row["loss"])]
    best = min(finite, key=lambda row: row["loss"], default=None)
    return {
        "steps": -(-len(order) // trainer.config.training.batch_size),
        "loss_before": rows[0]["loss_before"],
        "own_rate": own,
        "best_rate": best["rate"] if best else None,
        "rates": [{key: row[key] for key in ("rate", "loss", "accuracy")} for row in rows],
    }


def zeroed_input(trainer: "_Trainer", dataset: Dataset, rate: float | None) -> dict[str, Any]:
    """Train as in the sweep, with every input 0: what can be had without looking at them."""
    order, (x, y) = _orders(trainer.config, dataset), _train(dataset)
    row = trainer.train(order, np.zeros_like(x), y, rate)
    return {key: row[key] for key in ("rate", "loss", "accuracy")}


def _train(dataset: Dataset) -> tuple[Array, Array]:
    return dataset.train.x[:SWEPT_EXAMPLES], dataset.train.y[:SWEPT_EXAMPLES]


def _orders(config: RunConfig, dataset: Dataset) -> Array:
    """Return which examples the steps of a sweep look at, one batch after the other."""
    examples = min(len(dataset.train.y), SWEPT_EXAMPLES)
    size = min(config.training.batch_size, examples)
    steps = max(1, min(SWEPT_STEPS, SWEPT_EXAMPLES // size))
    passes = -(-steps * size // examples)
    epochs = [epoch_trainer.epoch_order(config.seed, epoch, examples) for epoch in range(passes)]
    return np.concatenate(epochs)[: steps * size]


def _spread(dataset: Dataset, count: int) -> tuple[Array, Array]:
    x, y = dataset.train.x, dataset.train.y
    chosen = np.unique(np.linspace(0, len(y) - 1, min(count, len(y))).astype(int))
    return x[chosen], y[chosen]


def _free(config: RunConfig) -> dict[str, Any]:
    """Return the changes that take dropout and penalties off."""
    free: dict[str, Any] = {"network.regularizer": {"l1": 0.0, "l2": 0.0}}
    if config.network.layers is None:
        return free | {"network.dropout": 0.0, "network.input_dropout": 0.0}
    dropping = [n for n, layer in enumerate(config.network.layers) if layer.type == "dropout"]
    return free | {f"network.layers.{number}.rate": 0.0 for number in dropping}


def _changed(config: RunConfig, changes: dict[str, Any]) -> RunConfig:
    """Return the config with {dotted path: value} set."""
    keys = [tuple(int(p) if p.isdigit() else p for p in path.split(".")) for path in changes]
    document = Document(config.resolved, "config.yaml", {})
    return from_document(override(document, zip(keys, changes.values(), strict=True)))


class _Trainer:
    """Trains a config's network from its initial weights, many steps in one compiled call."""

    def __init__(self, config: RunConfig, dataset: Dataset):
        self.config = config
        self.classes = dataset.classes
        self.network = network.build(config, dataset.shape, dataset.classes)
        self.program = epoch_trainer.acquire(config, dataset.shape, dataset.classes)
        self.steps = tf.function(self.program.train, jit_compile=self.program.xla)
        self.rate = float(config.optimizer.arguments["learning_rate"])

    def train(
        self, order: Array, x: Array, labels: Array, rate: float | None = None
    ) -> dict[str, float]:
        """Train on examples in an order, batch by batch; return what it did to them.

        Args:
            order: which examples, (steps * batch size,).
            x, labels: the examples (n, ...) and their classes (n,).
            rate: the learning rate; None is the config's.
        """
        kind = network.targets(self.config, self.network)
        y = network.encode(kind, labels, self.classes)
        some = self.program.chunks(x, y, keep=False).first()
        self.program.load(self.network)
        self.program.optimizer.learning_rate = self.rate if rate is None else rate
        before = self.program.measure(some)
        self.steps(*map(tf.constant, (order, x, y)))
        after = self.program.measure(some)
        return {
            "rate": self.rate if rate is None else rate,
            "loss_before": before.loss,
            "loss": after.loss,
            "accuracy": after.accuracy,
        }
