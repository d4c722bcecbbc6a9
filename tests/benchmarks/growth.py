"""How time and memory grow: with examples, with depth, with runs. Prints JSON."""

import json
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from kerasdemo import data
from kerasdemo.backend import keras
from kerasdemo.config import RunConfig, parse
from kerasdemo.training import runner
from kerasdemo.training.layer_statistics import statistics_examples
from kerasdemo.training.trainer import Trainer

EPOCHS = 5


def epoch_seconds(config: RunConfig) -> float:
    """Return the median time of an epoch's training, its compilation left out."""
    trainer = Trainer(config, data.load(config))
    trainer.epoch_trainer.load(trainer.network)
    seconds = []

    class Clock(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_begin(self, epoch, logs=None):  # type: ignore[no-untyped-def]
            self.start = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):  # type: ignore[no-untyped-def]
            seconds.append(time.perf_counter() - self.start)

    trainer.epoch_trainer.fit_epochs(*trainer.train, seed=0, epochs=EPOCHS + 1, callbacks=[Clock()])
    return statistics.median(seconds[1:])


def mnist(examples: int = 10_000, depth: int = 3) -> RunConfig:
    """Return a config of that size."""
    return parse(
        f"""
data: {{name: mnist, train: {examples}, validation: 0}}
network: {{depth: {depth}, units: 500}}
optimizer: {{name: sgd, learning_rate: 0.01}}
"""
    )


def overheads() -> dict[str, float]:
    """Return seconds of an epoch's training, of evaluating 10,000 examples, of layer statistics."""
    trainer = Trainer(mnist(), data.load(mnist()))
    evaluator = trainer.epoch_trainer.evaluator
    statistics_of = trainer.epoch_trainer.layer_statistics
    chunks = evaluator.chunks(*trainer.train)
    x, y = statistics_examples(*trainer.train)
    before = statistics_of.copies()

    def timed(work) -> float:  # type: ignore[no-untyped-def]
        work()
        times = []
        for _ in range(9):
            start = time.perf_counter()
            work()
            times.append(time.perf_counter() - start)
        return statistics.median(times)

    return {
        "training": epoch_seconds(mnist()),
        "evaluation": timed(lambda: evaluator.evaluate(chunks)),
        "layer_statistics": timed(lambda: statistics_of.compute(x, y, before)),
    }


def resident_megabytes() -> float:
    """Return the process' resident memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def many_runs(count: int) -> dict[str, list[float]]:
    """Run one small config for many seeds and rates; return seconds and memory after each run."""
    seconds, memory = [], []
    with TemporaryDirectory() as folder:
        start = time.perf_counter()
        for seed in range(count):
            config = parse(
                f"""
name: many
seed: {seed}
data: {{name: mnist_sample, train: 1000}}
network: {{depth: 2, units: 100, dropout: {0.1 + seed / 1000}}}
training: {{epochs: 5, early_stopping: null}}
"""
            )
            runner.run(config, Path(folder))
            seconds.append(time.perf_counter() - start)
            memory.append(resident_megabytes())
    return {"seconds": seconds, "megabytes": memory}


if __name__ == "__main__":
    print(
        json.dumps(
            {
                "overheads": overheads(),
                "examples": {
                    n: epoch_seconds(mnist(examples=n)) for n in range(10_000, 60_001, 10_000)
                },
                "depth": {d: epoch_seconds(mnist(depth=d)) for d in (3, 5, 7, 9, 11, 13)},
                "runs": many_runs(200),
            }
        )
    )
