"""results/benchmarks: README.md with tables, epochs.png and growth.png, from results.json alone."""

import statistics
from itertools import pairwise
from pathlib import Path
from typing import Any

from cases import CASES
from fit_cases import EPOCHS, EXAMPLES
from fit_cases import NETWORKS as FIT_NETWORKS

# What issue and machine allow: at least so many times as fast as the peer.
BARS = {
    "batch 100, Adam": {"Keras fit": 2.5, "PyTorch eager": 1.8},
    "batch 100, SGD": {"Keras fit": 2.0, "PyTorch eager": 1.8},
    "batch 10, SGD": {"Keras fit": 5.0},
    "batch 1, SGD": {"Keras fit": 10.0},
    "FizzBuzz, batch 20, Adam": {"Keras fit": 20.0},
}
# At most so many times the time of the hand-written JAX scan.
JAX_BAR = {name: 2.0 if name.startswith("FizzBuzz") else 1.15 for name in CASES}
CONVOLUTION_BAR, NETWORK_BAR = 1.3, 1.0
PEAK_BAR = 0.7
# A whole training, compilation counted, is never slower than Keras' fit; an epoch is, in the median
# over the networks, at least so many times as fast.
FIT_BAR, FIT_EPOCH_BARS = 1.0, {10: 3.0, 100: 2.0}
SWEEP_BARS = {"mnist": 2.2, "fizzbuzz": 15.0}
ORDER = (
    "kerasdemo",
    "JAX scan",
    "PyTorch eager",
    "PyTorch compiled",
    "Keras fit, steps_per_execution",
    "Keras fit",
)
# Okabe and Ito: distinct for readers with any color vision.
COLORS = dict(
    zip(ORDER, ("#0072B2", "#E69F00", "#D55E00", "#CC79A7", "#56B4E9", "#999999"), strict=True)
)


def write_report(results: dict[str, Any], folder: Path) -> None:
    """Write the page and its pictures for what was measured."""
    parts = [HEAD]
    machines = {what: _machine(machine) for what, machine in results["machines"].items()}
    if "epochs" in results:
        _draw_epochs(results["epochs"], folder / "epochs.png")
        parts += [_epochs(results["epochs"]), _peak(results["epochs"]), machines["epochs"]]
    if "networks" in results:
        parts += [_networks(results["networks"]), machines["networks"]]
    if "fit" in results:
        parts += [_fits(results["fit"]), machines["fit"]]
    if "sweeps" in results:
        parts += [_sweeps(results["sweeps"]), machines["sweeps"]]
    if "growth" in results:
        _draw_growth(results["growth"], folder / "growth.png")
        parts += [_growth(results["growth"]), machines["growth"]]
    notes = Path(__file__).with_name("notes.md")
    if notes.exists():
        parts.append(notes.read_text(encoding="utf-8").strip())
    (folder / "README.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


HEAD = (
    "# Benchmarks\n\nMade by `make bench`; the peers of a table in one run, an epoch each in turn, "
    "medians. The machine is noisy: read the ratios. What a table was measured on stands below it."
)


def _machine(machine: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"Measured on {machine['processor']}, {machine['cores']} cores, no GPU, "
        f"{machine['system']}, Python {machine['python']}; {versions}."
    )


def _median(found: dict[str, Any]) -> float:
    return float(statistics.median(found["seconds"]))


def _epochs(epochs: dict[str, Any]) -> str:
    lines = [
        "## One training epoch",
        "",
        "784-500-500-500-10 on 10,000 digits (batch 1: 2,000); FizzBuzz 10-100-4 on 900 numbers.",
        "",
        "![Seconds of one epoch by peer and case](epochs.png)",
        "",
        "| case | peer | median s | middle half s | kerasdemo: times as fast | bar | accuracy |",
        "|---|---|---|---|---|---|---|",
    ]
    for case, peers in epochs.items():
        ours = _median(peers["kerasdemo"])
        lines += [_row(case, name, peers[name], ours) for name in ORDER if name in peers]
    return "\n".join(lines)


def _row(case: str, name: str, found: dict[str, Any], ours: float) -> str:
    ratio = _median(found) / ours
    low, _, high = statistics.quantiles(found["seconds"], n=4)
    bar, met = BARS[case].get(name), True
    text = ""
    if bar is not None:
        text, met = f"at least {bar:g}", ratio >= bar
    if name == "JAX scan":
        text, met = f"at most {JAX_BAR[case]:g} times its time", 1 / ratio <= JAX_BAR[case]
    faster = "" if name == "kerasdemo" else f"{ratio:.2f}"
    if name == "JAX scan":
        faster += f" ({1 / ratio:.2f} times its time)"
    mark = f"{text}: {'met' if met else '**missed**'}" if text else ""
    return (
        f"| {case} | {name} | {_median(found):.4f} | {low:.4f} to {high:.4f} | {faster} | {mark} "
        f"| {found['accuracy']:.4f} |"
    )


def _networks(networks: dict[str, Any]) -> str:
    lines = [
        "## Other networks, against plain fit",
        "",
        "One training epoch, Adam; the convolutional ones have 16 and 32 filters of 3 x 3, each "
        "with pooling, and 64 units, batch 64; 3,500 digits where no number is given. `fit` trains "
        "the very same Keras model.",
        "",
        "| network | kerasdemo s | middle half s | Keras fit s | times as fast | bar | accuracy |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, peers in networks.items():
        ours, fit = peers["kerasdemo"], peers["Keras fit"]
        low, _, high = statistics.quantiles(ours["seconds"], n=4)
        ratio = _median(fit) / _median(ours)
        bar = CONVOLUTION_BAR if name.startswith("convolutions") else NETWORK_BAR
        lines.append(
            f"| {name} | {_median(ours):.3f} | {low:.3f} to {high:.3f} | {_median(fit):.3f} "
            f"| {ratio:.2f} | at least {bar:g}: {'met' if ratio >= bar else '**missed**'} "
            f"| {ours['accuracy']:.4f}, {fit['accuracy']:.4f} |"
        )
    return "\n".join(lines)


def _fits(fits: dict[str, Any]) -> str:
    """Return a table of whole trainings: each peer's total and epoch against kerasdemo.fit."""
    rounds = {len(turns) for peers in fits.values() for turns in peers.values()}
    how_many = f"each the median of {min(rounds)}" if min(rounds) > 1 else "one each"
    lines = [
        "## Whole trainings of a Keras model",
        "",
        f"`kerasdemo.fit` and its peers, each in a process of its own, {how_many}: {EPOCHS} epochs "
        f"on {EXAMPLES:,} examples, Adam, metrics on; from the call to its return, so with what is "
        "traced and compiled. In brackets the median of the epochs after the first. Ratios are of "
        "Keras' fit to `kerasdemo.fit`, not recorded and recorded.",
        "",
        "| network | batch | loop | kerasdemo.fit s | recorded s | Keras fit s | ratios "
        "| an epoch's ratio | steps_per_execution s | PyTorch s |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    ratios: dict[int, list[tuple[float, float, float]]] = {batch: [] for batch in FIT_EPOCH_BARS}
    for case, peers in fits.items():
        name, batch = case.split(", batch ")
        if not {"kerasdemo.fit", "kerasdemo.fit, recorded", "Keras fit"} <= set(peers):
            continue
        totals, epochs = ({p: of(turns) for p, turns in peers.items()} for of in (_total, _epoch))

        def cell(
            peer: str, totals: dict[str, float] = totals, epochs: dict[str, float] = epochs
        ) -> str:
            return f"{totals[peer]:.2f} ({epochs[peer]:.3f})" if peer in totals else ""

        ratio, epoch = (of["Keras fit"] / of["kerasdemo.fit"] for of in (totals, epochs))
        recorded = totals["Keras fit"] / totals["kerasdemo.fit, recorded"]
        ratios[int(batch)].append((ratio, epoch, recorded))
        met = "" if min(ratio, recorded) >= FIT_BAR else " **missed**"
        compared = f"{ratio:.2f}, {recorded:.2f}{met} | {epoch:.2f}"
        lines.append(
            f"| {FIT_NETWORKS[name]} | {batch} | {peers['kerasdemo.fit'][0]['loop']} "
            f"| {cell('kerasdemo.fit')} | {cell('kerasdemo.fit, recorded')} | {cell('Keras fit')} "
            f"| {compared} | {cell('Keras fit, steps_per_execution')} "
            f"| {cell('PyTorch eager')} |"
        )
    for batch, found in ratios.items():
        if found:
            median = statistics.median(epoch for _, epoch, _ in found)
            bar = FIT_EPOCH_BARS[batch]
            lines += [
                "",
                f"Batch {batch}: an epoch {median:.2f} times as fast in the median (bar {bar:g}: "
                f"{'met' if median >= bar else '**missed**'}); the whole training at least "
                f"{min(ratio for ratio, _, _ in found):.2f} times, recorded "
                f"{min(recorded for _, _, recorded in found):.2f} times.",
            ]
    return "\n".join(lines)


def _total(turns: list[dict[str, Any]]) -> float:
    return float(statistics.median(turn["total"] for turn in turns))


def _epoch(turns: list[dict[str, Any]]) -> float:
    every = [[b - a for a, b in pairwise(turn["ends"])] for turn in turns]
    return float(statistics.median(statistics.median(one[1:]) for one in every))


def _flops(case: str) -> float:
    """Floating point operations of an epoch: forward once, backward twice (the input's not)."""
    one = CASES[case]
    sizes = (784, *one.units, 10) if one.data == "mnist" else (10, *one.units, 4)
    products = [a * b for a, b in pairwise(sizes)]
    return 2.0 * one.examples * (3 * sum(products) - products[0])


def _peak(epochs: dict[str, Any]) -> str:
    case = "batch 100, SGD"
    if case not in epochs:
        return ""
    peak = statistics.median(epochs[case]["peak"]["gflops"])
    rate = _flops(case) / _median(epochs[case]["kerasdemo"]) / 1e9
    share = rate / peak
    return (
        f"{case}: {rate:.0f} GFLOP/s, {share:.0%} of the {peak:.0f} GFLOP/s that a 2000 x 2000 "
        f"float32 matrix product reached in the same run (bar {PEAK_BAR:.0%}: "
        f"{'met' if share >= PEAK_BAR else '**missed**'})."
    )


def _sweeps(sweeps: dict[str, dict[str, list[float]]]) -> str:
    lines = [
        "## 24 runs, the whole process",
        "",
        "2 activations x 4 learning rates x 3 seeds; ours with train and validation measured every "
        "epoch, layer statistics, verdicts, run folders and saved models. Medians of the turns.",
        "",
        "| runs | kerasdemo s | KerasTuner s | times as fast | bar |",
        "|---|---|---|---|---|",
    ]
    for name, found in sweeps.items():
        ours, theirs = found["kerasdemo"], found["KerasTuner"]
        ratio = statistics.median(theirs) / statistics.median(ours)
        met = "met" if ratio >= SWEEP_BARS[name] else "**missed**"
        lines.append(
            f"| {name} | {_turns(ours)} | {_turns(theirs)} | {ratio:.1f} "
            f"| at least {SWEEP_BARS[name]:g}: {met} |"
        )
    return "\n".join(lines)


def _turns(seconds: list[float]) -> str:
    every = ", ".join(f"{one:.1f}" for one in seconds)
    return f"{statistics.median(seconds):.1f}" + (f" ({every})" if len(seconds) > 1 else "")


def _growth(growth: dict[str, Any]) -> str:
    overheads, runs = growth["overheads"], growth["runs"]
    training = overheads["training"]
    early, late = runs["megabytes"][19], runs["megabytes"][-1]
    evaluation = overheads["evaluation"] / training
    layers = overheads["layer_statistics"] / training
    return "\n".join(
        [
            "## Growth",
            "",
            "![Seconds against examples, depth and runs; memory against runs](growth.png)",
            "",
            "| what | measured | bar |",
            "|---|---|---|",
            f"| evaluating 10,000 examples, against an epoch's training on them | {evaluation:.2f} "
            f"| at most 0.33: {'met' if evaluation <= 1 / 3 else '**missed**'} |",
            f"| layer statistics, against an epoch's training | {layers:.3f} "
            f"| at most 0.05: {'met' if layers <= 0.05 else '**missed**'} |",
            f"| resident memory after run {len(runs['megabytes'])}, against run 20 | "
            f"{late:.0f} MB / {early:.0f} MB = {late / early:.3f} "
            f"| at most 1.10: {'met' if late / early <= 1.1 else '**missed**'} |",
        ]
    )


def _figure(rows: int, columns: int, size: tuple[float, float]) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, dpi=120, layout="constrained")
    return figure, figure.subplots(rows, columns)


def _bare(ax: Any) -> None:
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(alpha=0.3)


def _draw_epochs(epochs: dict[str, Any], file: Path) -> None:
    figure, axes = _figure(1, len(epochs), (13, 3.4))
    for ax, (case, peers) in zip(axes, epochs.items(), strict=True):
        names = [name for name in reversed(ORDER) if name in peers]
        values = [_median(peers[name]) for name in names]
        ax.barh(names, values, color=[COLORS[name] for name in names])
        for place, value in enumerate(values):
            ax.text(value, place, f" {value:.3g}", va="center", fontsize=8)
        ax.set_title(case, fontsize=10)
        ax.set_xlabel("seconds an epoch")
        ax.set_xlim(0, max(values) * 1.25)
        ax.spines[["top", "right"]].set_visible(False)
        if ax is not axes[0]:
            ax.set_yticklabels([])
    figure.savefig(file)


def _draw_growth(growth: dict[str, Any], file: Path) -> None:
    figure, axes = _figure(1, 4, (13, 3.2))
    for ax, key, unit, label in (
        (axes[0], "examples", 1000, "thousand training examples"),
        (axes[1], "depth", 1, "hidden layers of 500"),
    ):
        counts = [int(count) / unit for count in growth[key]]
        ax.plot(counts, list(growth[key].values()), "o-", color="#0072B2")
        ax.set_xlabel(label)
        ax.set_ylabel("seconds an epoch")
        ax.set_ylim(bottom=0)
    runs = growth["runs"]
    numbers = range(1, len(runs["seconds"]) + 1)
    axes[2].plot(numbers, runs["seconds"], color="#0072B2")
    axes[2].set_ylabel("seconds since the first")
    axes[3].plot(numbers, runs["megabytes"], color="#D55E00")
    axes[3].set_ylabel("resident memory [MB]")
    axes[3].set_ylim(bottom=0)
    for ax in axes[2:]:
        ax.set_xlabel("runs in one process")
    for ax in axes:
        _bare(ax)
    figure.savefig(file)
