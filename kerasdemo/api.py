"""The Python interface. The command line calls the same functions.

A config, an experiment or a run may be given as a file or folder, as plain values, or as the object
that one of these functions returned. Bad input raises `InputError`; nothing shows its progress
unless `progress=True`.
"""

import warnings
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdemo.config import Fault, InputError, RunConfig, loading
from kerasdemo.config import parse as parse_config
from kerasdemo.config import seeds as seed_ranges
from kerasdemo.config.changes import Overrides, parse_overrides
from kerasdemo.config.document import Document
from kerasdemo.config.errors import shown, unknown

if TYPE_CHECKING:
    from rich.console import Console

    from kerasdemo.comparison.comparison import Comparison
    from kerasdemo.comparison.difference import Difference
    from kerasdemo.config.layers import Layer
    from kerasdemo.config.lint import Tip
    from kerasdemo.display.tensorboard import TensorBoard
    from kerasdemo.records import Run, Summary
    from kerasdemo.records.trash import Removable
    from kerasdemo.records.verdict import Verdict
    from kerasdemo.sweeps.experiment import Experiment
    from kerasdemo.sweeps.sweep import SweepResult
    from kerasdemo.training.learning_rate_sweep import LearningRates
    from kerasdemo.tuning.steps import TuneResult

    ExperimentLike = Experiment | Mapping[str, Any] | str | Path
    RunLike = Run | Summary | str | Path
    RunsLike = Run | Summary | SweepResult | TuneResult | str | Path

__all__ = [
    "CheckResult",
    "InputError",
    "RunConfig",
    "check",
    "compare",
    "diagnose",
    "diff",
    "draw",
    "errors",
    "learning_rates",
    "list_runs",
    "load_config",
    "load_experiment",
    "parse_config",
    "predict",
    "read_run",
    "remove",
    "report",
    "restore",
    "run",
    "run_and_diagnose",
    "run_sanity_checks",
    "sweep",
    "tag",
    "to_csv",
    "to_python",
    "to_tensorboard",
    "tune",
]

RESULTS = "results/runs"
# Longer paths are refused by systems in ways of their own.
MAX_PATH = 1_000
# Of `learning_rates`.
FEWEST_RATES, MOST_RATES, LARGEST_RATE = 2, 100, 1e30

ConfigLike = RunConfig | Mapping[str, Any] | str | Path
Seeds = Iterable[int] | str


@dataclass(frozen=True)
class CheckResult:
    """What was found out about a config without training.

    Args:
        config: complete, with every default.
        tips: errors and tips, in order of their codes.
        data: remarks on the data.
    """

    config: RunConfig
    tips: "tuple[Tip, ...]"
    data: tuple[str, ...]

    @property
    def has_errors(self) -> bool:
        """Whether the network can't learn as it is."""
        return any(tip.severity == "error" for tip in self.tips)

    @property
    def layers(self) -> "tuple[Layer, ...]":
        """The network's layers with shapes and parameters; of tables the data are loaded for it."""
        from kerasdemo import data
        from kerasdemo.config.layers import layers_of

        facts = self.config.dataset_info
        if facts is not None and facts.shape is not None:
            return layers_of(self.config, facts.shape, facts.outputs)
        dataset = data.load(self.config)
        return layers_of(self.config, dataset.shape, dataset.outputs)


def load_config(config: ConfigLike, overrides: Overrides = ()) -> RunConfig:
    """Load a config and fill in its defaults.

    Args:
        config: a YAML file, a mapping such as the YAML holds, or a config.
        overrides: {"training.epochs": 5} or ["training.epochs=5"].

    Raises:
        InputError: with every fault of the config.

    Example:
        >>> load_config({"network": {"depth": 3}}, {"training.epochs": 5}).training.epochs
        5
    """
    changes = _changes(overrides)
    if isinstance(config, RunConfig):
        return config.with_changes(changes) if changes else config
    if isinstance(config, Mapping):
        return loading.from_document(_document(config, "config", "run"), changes)
    return loading.load(_path(config, "a YAML file, a mapping or a config"), changes)


def load_experiment(experiment: "ExperimentLike") -> "Experiment":
    """Load an experiment.

    Args:
        experiment: a YAML file, a mapping such as the YAML holds, or an experiment.

    Raises:
        InputError: with every fault of the experiment.

    Example:
        >>> load_experiment("experiments/batch_size.yaml").question
    """
    from kerasdemo.sweeps import experiment as experiments

    if isinstance(experiment, experiments.Experiment):
        return experiment
    if isinstance(experiment, Mapping):
        return experiments.from_document(_document(experiment, "experiment", "experiment"))
    return experiments.load(_path(experiment, "a YAML file, a mapping or an experiment"))


def check(
    config: ConfigLike, overrides: Overrides = (), *, ignore: Iterable[str] | str = ()
) -> CheckResult:
    """Check a config and its data without training.

    Args:
        config: as for `load_config`.
        overrides: as for `load_config`.
        ignore: codes of rules that are left out, besides those of the config.

    Raises:
        InputError: with every fault of the config or its data.

    Example:
        >>> for tip in check("configs/quickstart.yaml").tips: print(tip)
    """
    from kerasdemo import data
    from kerasdemo.config.lint import lint

    config = _with_ignored(load_config(config, overrides), ignore)
    remarks = data.check(config)
    return CheckResult(config, tuple(lint(config)), tuple(remarks))


def run(
    config: ConfigLike,
    results: str | Path = RESULTS,
    *,
    overrides: Overrides = (),
    overwrite: bool = False,
    ignore: Iterable[str] | str = (),
    progress: bool = False,
    tensorboard: str | Path | None = None,
) -> "Run":
    """Train a config, write its verdict and draw its curves; a finished run is reused.

    Args:
        config: as for `load_config`.
        results: the folder that holds the run folders; made if it is missing.
        overrides: as for `load_config`.
        overwrite: train a finished run again.
        ignore: codes of rules that the verdict leaves out, besides those of the config.
        progress: show a progress bar.
        tensorboard: a folder for event files, written while it trains (kerasdemo[tensorboard]).

    Returns:
        The run; its `status` is finished, diverged, interrupted or failed.

    Raises:
        InputError: if the config can't be run; nothing is written then.
        Busy: if another process is training the same run.

    Example:
        >>> run("configs/quickstart.yaml", overrides={"training.epochs": 5}).history.val_accuracy
    """
    return run_and_diagnose(
        config,
        results,
        overrides=overrides,
        overwrite=overwrite,
        ignore=ignore,
        progress=progress,
        tensorboard=_tensorboard(tensorboard),
    )[0]


def run_and_diagnose(
    config: ConfigLike,
    results: str | Path,
    *,
    overrides: Overrides = (),
    overwrite: bool = False,
    ignore: Iterable[str] | str = (),
    progress: bool = False,
    tensorboard: "TensorBoard | None" = None,
) -> "tuple[Run, Verdict]":
    """Do what `run` does, and return the verdict that it wrote as well."""
    from kerasdemo.training import runner

    config = _with_ignored(load_config(config, overrides), ignore)
    reporter = None
    if progress:
        from kerasdemo.display import run_progress

        reporter = run_progress.make_reporter(_console())
    if tensorboard is not None:
        reporter = tensorboard.follow(reporter)
    folder = _path(results, "a results folder")
    result = runner.run(config, folder, overwrite=overwrite, reporter=reporter)
    # A run that was trained before has the ignored rules of that time in its folder.
    result = replace(result, config=config)
    verdict = diagnose(result)
    draw(result, verdict)
    if tensorboard is not None:
        tensorboard.end(result.folder)
    return result, verdict


def read_run(run: "RunLike", results: str | Path = RESULTS) -> "Run":
    """Read a run from its folder.

    Args:
        run: a run's folder, its name in `results` or in an experiment's folder there, or the
            beginning of its name; the result of `fit`, a `Recorder`; for curves alone a Keras
            History, or a CSV file that Keras' CSVLogger wrote.
        results: the folder that holds the run folders.

    Raises:
        InputError: if there is no such run, or its files are damaged.

    Example:
        >>> read_run("quickstart-1a2b3c4d").history.loss
    """
    from kerasdemo import records
    from kerasdemo.records import curves

    if isinstance(run, records.Run):
        return run
    if isinstance(run, records.Summary):
        return records.read(run.path)
    recorded = getattr(run, "run", None)
    if isinstance(recorded, records.Run):
        return recorded
    if isinstance(getattr(run, "history", None), Mapping):
        from kerasdemo.training.history import read_history

        return read_history(run)
    if isinstance(run, str | Path) and Path(run).suffix == ".csv" and Path(run).is_file():
        return curves.from_csv(Path(run))
    return records.read(_find_run(run, results))


def list_runs(
    results: str | Path = RESULTS,
    *,
    filters: Iterable[str] | str = (),
    tags: Iterable[str] | str = (),
    best: int | None = None,
    by: str | None = None,
) -> "list[Summary]":
    """List the runs of a folder, two levels down; folders that can't be read cost a warning.

    Args:
        results: the folder that holds the run folders.
        filters: conditions that all have to hold, such as "val_accuracy>0.9", "optimizer=adam" or
            "seed!=0": a column of `kerasdemo list`, a metric, or a key of the config.
        tags: that a run has to have, all of them.
        best: so many runs at most, the best first.
        by: the metric by which they are chosen; None: the validation score of the task. The test
            set never chooses.

    Raises:
        InputError: if there is no such folder, or for a condition that can't be met by any run.

    Example:
        >>> [(run.id, run.verdict) for run in list_runs(filters="epochs>=10", best=3)]
    """
    from kerasdemo import records
    from kerasdemo.display import run_selection

    if best is not None and not isinstance(best, Integral):
        raise InputError(f"got {shown(best)}; expected a number of runs")
    conditions, wanted = _several(filters), _several(tags)
    found = records.list_runs(_path(results, "a results folder"))
    _warn_skipped(found.skipped)
    return run_selection.select(
        found.runs, conditions, wanted, None if best is None else int(best), by
    )


def tag(
    runs: "RunLike | Iterable[RunLike]",
    add: Iterable[str] | str = (),
    remove: Iterable[str] | str = (),
    *,
    results: str | Path = RESULTS,
) -> dict[Path, tuple[str, ...]]:
    """Give runs tags or take tags away, and return the tags of each run, by its folder.

    A tag has up to 50 letters, digits, dots, dashes and underscores. Tags change nothing of what a
    run is: neither its name nor its results.

    Args:
        runs: one or several, each as for `read_run`.
        add: one or several tags.
        remove: one or several tags.
        results: the folder that holds the run folders.

    Raises:
        InputError: if there is no such run or tag; nothing is written then.

    Example:
        >>> tag("quickstart-1a2b3c4d", add="baseline")
        {PosixPath('results/runs/quickstart-1a2b3c4d'): ('baseline',)}
    """
    from kerasdemo import records
    from kerasdemo.records import tags

    folders = [_find_run(run, results) for run in _each(runs)]
    for folder in folders:
        if not records.RunFolder(folder).is_run:
            records.read(folder)  # says which name is near
    several = [records.RunFolder(folder) for folder in folders]
    return tags.change_tags(several, _several(add), _several(remove))


def remove(runs: "RunLike | Iterable[RunLike]", results: str | Path = RESULTS) -> list[Path]:
    """Move runs to the trash of their results folder, and return where they lie there.

    Args:
        runs: one or several, each as for `read_run`.
        results: the folder that holds the run folders; its trash is `.trash`.

    Raises:
        InputError: for what is no run there, and for a run that is being trained; nothing is moved
            then.

    Example:
        >>> remove("quickstart-1a2b3c4d")
        [PosixPath('results/runs/.trash/quickstart-1a2b3c4d')]
    """
    from kerasdemo.records import trash

    folder = _path(results, "a results folder")
    return [trash.move(run, folder) for run in find_removable(runs, folder)]


def restore(names: Iterable[str] | str, results: str | Path = RESULTS) -> list[Path]:
    """Move runs back out of the trash, and return their folders.

    Args:
        names: of runs in the trash, or their beginnings.
        results: the folder that holds the run folders.

    Raises:
        InputError: if there is no such run in the trash, or another one in its place by now.

    Example:
        >>> restore("quickstart-1a2b3c4d")
        [PosixPath('results/runs/quickstart-1a2b3c4d')]
    """
    from kerasdemo.records import trash

    folder = _path(results, "a results folder")
    trashed = trash.find_trashed(folder)
    found = dict.fromkeys(trash.find_named(name, trashed) for name in _several(names))
    return [trash.restore(run, folder) for run in found]


def find_removable(
    runs: "RunLike | Iterable[RunLike]", results: str | Path = RESULTS
) -> "list[Removable]":
    """Return the runs that `remove` would move, each once, with status and size."""
    from kerasdemo.records import trash

    folder = _path(results, "a results folder")
    found = [trash.find_removable(_find_run(run, folder), folder) for run in _each(runs)]
    return list({run.path: run for run in found}.values())


def diagnose(
    run: "RunLike", *, ignore: Iterable[str] | str = (), results: str | Path = RESULTS
) -> "Verdict":
    """Diagnose a run and write its verdict into its folder.

    Args:
        run: as for `read_run`.
        ignore: codes of rules that are left out, besides those of the run's config.
        results: the folder that holds the run folders.

    Returns:
        The outcome, its causes, and changes of the config that should help.

    Example:
        >>> print(diagnose("results/runs/quickstart-1a2b3c4d").summary)
    """
    from kerasdemo import diagnosis

    return diagnosis.evaluate(read_run(run, results), ignore=_several(ignore))


def run_sanity_checks(run: "RunLike", results: str | Path = RESULTS) -> "Run":
    """Train a run's network for a few steps in several ways, and read the run with the results.

    Memorizing one batch, seven learning rates and inputs set to 0 tell causes apart that look
    alike on the curves. The checks are made once for a run; `diagnose` uses their results.

    Example:
        >>> diagnose(run_sanity_checks("quickstart-1a2b3c4d")).causes
    """
    from kerasdemo import records
    from kerasdemo.training import sanity_checks

    run = read_run(run, results)
    sanity_checks.run_sanity_checks(run)
    return replace(records.read(run.folder.path), config=run.config)


def predict(
    run: "RunLike",
    files: Iterable[str | Path] | str | Path,
    *,
    array: str | None = None,
    invert: bool = False,
    results: str | Path = RESULTS,
) -> list[dict[str, Any]]:
    """Predict the examples in files with a run's trained network.

    Args:
        run: as for `read_run`.
        files: images or folders of images, one table (.csv, .parquet) with the run's input
            columns, or one .npz; examples are raw, the model prepares them itself.
        array: of an .npz the array's name; None: `x`, else `x_test`.
        invert: make images negative, where they are dark on light and those of the run are not.
        results: the folder that holds the run folders.

    Returns:
        A row for each example: its `file`, or its `row` from 0; then `class`, its `probability` and
        `p_<class>` of each class; of labels each label as 0 or 1 and `p_<label>`; of a regression
        the target columns in their own unit. None where an output is NaN.

    Raises:
        InputError: for files that do not fit the run, or if the run has no model.

    Example:
        >>> predict("quickstart-1a2b3c4d", "digit.png")[0]["class"]
        '7'
    """
    from kerasdemo.training import file_predictions

    read = read_run(run, results)
    several = [files] if isinstance(files, str | Path) else _each(files)
    paths = [_path(file, "a file or a folder") for file in several]
    return file_predictions.predict_files(read, paths, array, invert=invert)


def errors(run: "RunLike", results: str | Path = RESULTS) -> dict[str, Any]:
    """Describe what a run's network gets wrong, and draw it as errors.png into the run's folder.

    Of classes the most confused pairs and the most confident mistakes, of labels what is missed and
    false, of numbers the largest residuals; of the test set, from predictions.json.

    Args:
        run: as for `read_run`.
        results: the folder that holds the run folders.

    Returns:
        Plain values; `display.error_report.describe` says which.

    Raises:
        InputError: if there is no such run, or it has no recorded predictions.

    Example:
        >>> errors("quickstart-1a2b3c4d")["confused"][0]
        {'truth': '4', 'guess': '9', 'count': 5, 'share': 0.1}
    """
    from kerasdemo.display import error_plots, error_report

    read = read_run(run, results)
    described = error_report.describe(read)
    if read.path is not None:
        try:
            error_plots.save_errors(read, described, read.folder.errors_file)
        except OSError as error:
            problem = error.strerror or error
            warnings.warn(f"the picture can't be kept in {read.path}: {problem}", stacklevel=2)
    return described


def learning_rates(
    config: ConfigLike,
    rates: Iterable[float] = (),
    *,
    overrides: Overrides = (),
    output: str | Path | None = None,
    progress: bool = False,
) -> "LearningRates":
    """Train a config for a few steps with several learning rates, and say which ones are good.

    Nothing has to be trained before; of a schedule its highest rate is varied.

    Args:
        config: as for `load_config`.
        rates: to try; left out: thirteen, from a thousandth to the thousandfold of the config's.
        overrides: as for `load_config`.
        output: a file for the picture; None: no picture.
        progress: show each rate as it is done.

    Returns:
        The losses of each rate, the `best` one, and from where to where (`low`, `high`) rates are
        as good within the noise.

    Raises:
        InputError: if the config can't be trained, or a rate is no positive number.

    Example:
        >>> learning_rates("configs/quickstart.yaml", output="lr.png").best
        0.001
    """
    from kerasdemo.display import learning_rate_plot, style
    from kerasdemo.training import learning_rate_sweep

    several = _rates(rates)
    file = None if output is None else _path(output, "the name of a file")
    if file is not None:
        style.check_suffix(file)  # before the work, not after it
    loaded = load_config(config, overrides)
    follow = learning_rate_plot.progress(_console()) if progress else nullcontext()
    with follow as show:
        found = learning_rate_sweep.sweep(loaded, several, show)
    if file is not None:
        learning_rate_plot.save_learning_rates(found, file)
    return found


def draw(run: "Run", verdict: "Verdict") -> None:
    """Draw curves.png and layers.png into a run's folder, under its verdict.

    A folder that can't be written to costs a warning: pictures are derived.
    """
    from kerasdemo.display import run_plots

    if not run.history.epochs:
        return
    folder = run.folder
    try:
        run_plots.save_curves(run, verdict, folder.curves_file)
        run_plots.save_layers(run, folder.layer_plot_file)
    except OSError as error:
        problem = error.strerror or error
        warnings.warn(f"pictures can't be kept in {folder.path}: {problem}", stacklevel=2)


def sweep(
    experiment: "ExperimentLike",
    results: str | Path = RESULTS,
    *,
    overrides: Overrides = (),
    seeds: Seeds = (),
    workers: int | None = None,
    ray: str | None = None,
    retry_failed: bool = False,
    overwrite: bool = False,
    progress: bool = False,
    tensorboard: str | Path | None = None,
) -> "SweepResult":
    """Train every run of an experiment and check its claims; finished runs are reused.

    Args:
        experiment: as for `load_experiment`.
        results: the runs lie in a folder in it that has the experiment's name.
        overrides: of every run's config, as for `load_config`.
        seeds: in place of the experiment's: "0-4", range(5) or [0, 2].
        workers: processes that train; 0: this process; None: the fastest number here.
        ray: address of a Ray cluster, or "auto".
        retry_failed: train failed runs again.
        overwrite: train finished runs again.
        progress: show what is training.
        tensorboard: a folder for event files, as for `run`.

    Raises:
        InputError: with every fault of the experiment; nothing is written then.

    Example:
        >>> sweep("experiments/batch_size.yaml", workers=0).claims
    """
    from kerasdemo.sweeps import sweep as sweeps

    return sweeps.sweep(
        load_experiment(experiment),
        _path(results, "a results folder"),
        _changes(overrides),
        seeds=_seeds(seeds),
        workers=workers,
        ray=ray,
        retry_failed=retry_failed,
        overwrite=overwrite,
        console=_console() if progress else None,
        tensorboard=None if tensorboard is None else _path(tensorboard, "a folder"),
    )


def tune(
    config: ConfigLike,
    results: str | Path = RESULTS,
    *,
    overrides: Overrides = (),
    seeds: Seeds = (),
    max_runs: int = 30,
    output: str | Path | None = None,
    progress: bool = False,
    tensorboard: str | Path | None = None,
) -> "TuneResult":
    """Improve a config: train, diagnose, try a remedy, keep it if it helps, until it is healthy.

    Args:
        config: as for `load_config`.
        results: the runs lie in a folder in it that has the run's name and "-tune".
        overrides: as for `load_config`.
        seeds: every config is trained with each of them; left out: the config's seed.
        max_runs: runs at most.
        output: file of the final config; left out: tuned.yaml beside the runs.
        progress: show what is training.
        tensorboard: a folder for event files, as for `run`.

    Raises:
        InputError: if the config can't be run.

    Example:
        >>> tune("configs/lecture/keras2/07_baseline.yaml", seeds="0-2").config_file
    """
    from kerasdemo.tuning import recipe

    return recipe.tune(
        _with_ignored(load_config(config, overrides), ()),
        _path(results, "a results folder"),
        seeds=_seeds(seeds),
        max_runs=max_runs,
        output=None if output is None else Path(output),
        console=_console() if progress else None,
        tensorboard=_tensorboard(tensorboard),
    )


def compare(
    runs: "RunsLike | Iterable[RunsLike]",
    metric: str | None = None,
    *,
    group_by: Iterable[str] | str = (),
    at: str = "kept",
    results: str | Path = RESULTS,
) -> "Comparison":
    """Compare runs: group them by what differs, and rank the groups over their seeds.

    Args:
        runs: a folder of runs, the result of a sweep or a tuning, or several of these, of runs and
            of what `fit` returned; an experiment's or a run's name in `results` will do.
        metric: such as test_accuracy; None: val_accuracy where every run has it.
        group_by: dotted keys of the config, or sections such as optimizer; left out: every key in
            which the runs differ.
        at: the epoch of each run: kept, last or best.
        results: the folder that holds the run folders.

    Raises:
        InputError: for an unknown metric or key, or if there is nothing to compare.

    Example:
        >>> compare("results/runs/batch_size", "test_accuracy").groups[0].label
    """
    from kerasdemo.comparison import comparison as comparisons
    from kerasdemo.comparison.metrics import usual_metric

    if at not in ("kept", "last", "best"):
        raise InputError(Fault(unknown("value", at, ("kept", "last", "best")), key="at"))
    gathered = comparisons.gather(_places(runs, results))
    _warn_skipped(gathered.skipped)
    metric = metric or usual_metric(gathered.runs)
    return comparisons.compare(gathered.runs, metric, _several(group_by), at)


def diff(first: "RunLike", second: "RunLike", results: str | Path = RESULTS) -> "Difference":
    """Find where two runs differ: in configs, from which epoch on, in which layer first.

    Args:
        first, second: as for `read_run`.
        results: the folder that holds the run folders.

    Example:
        >>> diff("deep-1a2b3c4d", "shallow-5e6f7a8b").settings
    """
    from kerasdemo.comparison import difference

    return difference.diff(read_run(first, results), read_run(second, results))


def report(
    runs: "RunsLike | Iterable[RunsLike]",
    output: str | Path | None = None,
    results: str | Path = RESULTS,
) -> Path:
    """Write one HTML file that shows runs, and return its path; it opens by a double click.

    Args:
        runs: a run or its folder, a folder of runs, the result of a sweep or a tuning, or several
            of these, which are compared; of the lecture's pages a site of several files is made.
        output: the file; None: report.html in the folder, where there is one.
        results: the folder that holds the run folders, of which a name is enough.

    Raises:
        InputError: if there is nothing to show, or the file can't be written.

    Example:
        >>> report(run("configs/quickstart.yaml"))
    """
    from kerasdemo.pages import report as reports

    file = None if output is None else _path(output, "the name of a file")
    return reports.report(_places(runs, results), file)


def to_python(source: "ConfigLike | RunLike", results: str | Path = RESULTS) -> str:
    """Return a script of plain Keras and numpy that trains the network of a config or a run.

    It has the same layers with the same initial weights, the same data, split and preparation, and
    the same training; only the order of the mini-batches is Keras' own.

    Args:
        source: a config or its YAML file; else a run, as for `read_run`.
        results: the folder that holds the run folders, of which a name is enough.

    Raises:
        InputError: if there is no such config or run; where the data can't be read, whose classes
            and statistics a script has; and of a run from Python whose network can't be written.

    Example:
        >>> Path("train.py").write_text(to_python("configs/quickstart.yaml"))
    """
    from kerasdemo import export

    if isinstance(source, RunConfig | Mapping):
        return export.to_python(load_config(source))
    if isinstance(source, str | Path) and Path(source).suffix in (".yaml", ".yml"):
        return export.to_python(load_config(source))
    return export.to_python(read_run(source, results))


def to_tensorboard(
    runs: "RunsLike | Iterable[RunsLike]", directory: str | Path, results: str | Path = RESULTS
) -> Path:
    """Write event files of runs for TensorBoard, and return their folder.

    Scalars are the columns of metrics.csv, the statistics of layers.csv and the final metrics; the
    settings in which the runs differ are hyperparameters, verdicts are texts. Event files that were
    written before of the same runs are replaced.

    Args:
        runs: as for `compare`.
        directory: gets a folder for each run; `tensorboard --logdir` shows it.
        results: the folder that holds the run folders, of which a name is enough.

    Raises:
        InputError: if there is no such run, the folder can't be written to, or tensorboardX is not
            installed.

    Example:
        >>> to_tensorboard("results/runs/batch_size", "logs")
        PosixPath('logs')
    """
    from kerasdemo.comparison.groups import differing_keys
    from kerasdemo.display.tensorboard import TensorBoard
    from kerasdemo.records import RunFolder

    summaries = _gather(runs, results)
    folder = _path(directory, "a folder")
    has_seeds = len({run.seed for run in summaries}) > 1
    keys = [*differing_keys(summaries), *(("seed",) if has_seeds else ())]
    log = TensorBoard(folder, keys or None)
    for run in summaries:
        log.end(RunFolder(run.path))
    return folder


def to_csv(runs: "RunsLike | Iterable[RunsLike]", results: str | Path = RESULTS) -> str:
    """Return the curves of runs as one CSV table: a row for each run and epoch.

    Columns are the run's name, its seed, the settings in which the runs differ, the epoch, and the
    metrics of metrics.csv that any of the runs has; a cell is empty where a run has none.

    Args:
        runs: as for `compare`.
        results: the folder that holds the run folders, of which a name is enough.

    Raises:
        InputError: if there is no such run.

    Example:
        >>> Path("curves.csv").write_text(to_csv("results/runs/batch_size"))
    """
    from kerasdemo import records
    from kerasdemo.comparison.groups import differing_keys
    from kerasdemo.display import tables

    summaries = _gather(runs, results)
    keys, rows = differing_keys(summaries), list[dict[str, object]]()
    for summary in summaries:
        history = records.read(summary.path).history
        settings = {key: summary.settings.get(key) for key in keys}
        rows += [
            {"run": summary.id, "seed": summary.seed, **settings, "epoch": n, **history.row(n)}
            for n in range(1, history.epochs + 1)
        ]
    columns = dict.fromkeys(name for row in rows for name in row)
    return tables.to_csv([{name: row.get(name) for name in columns} for row in rows])


def _gather(runs: object, results: str | Path) -> "list[Summary]":
    """Return the summaries of runs, at least one."""
    from kerasdemo.comparison import comparison as comparisons

    gathered = comparisons.gather(_places(runs, results))
    _warn_skipped(gathered.skipped)
    if not gathered.runs:
        listed = ", ".join(str(_place(one)) for one in _each(runs))
        raise InputError(Fault("no runs there; expected run folders, or folders of runs", listed))
    return list(gathered.runs)


def _tensorboard(directory: str | Path | None) -> "TensorBoard | None":
    """Return what writes event files of every setting into a folder."""
    if directory is None:
        return None
    from kerasdemo.display.tensorboard import TensorBoard

    return TensorBoard(_path(directory, "a folder"))


def _with_ignored(config: RunConfig, ignore: Iterable[str] | str) -> RunConfig:
    """Return a config that ignores more rules.

    Raises:
        InputError: for codes that no rule has, there and here.
    """
    codes = [code.upper() for code in _several(ignore)]
    if not codes and not config.ignore:
        return config
    from kerasdemo.diagnosis import catalogue

    catalogue.check_ignored(codes)
    wrong = catalogue.find_wrong_codes(config.ignore)
    if wrong:
        raise InputError([config.fault(("ignore",), message) for message in wrong])
    return config.with_changes({"ignore": [*config.ignore, *codes]}) if codes else config


def _changes(overrides: Overrides) -> dict[str, Any]:
    """Return overrides as {dotted path: value}."""
    texts = overrides if isinstance(overrides, Mapping) else _several(overrides)
    _several(texts)  # the keys of a mapping are texts, too
    return {path: _plain(value) for path, value in parse_overrides(texts).items()}


def _several(texts: Iterable[str] | str) -> list[str]:
    """Return texts as a list; a text alone is one of them, not its letters."""
    several = [texts] if isinstance(texts, str) or not isinstance(texts, Iterable) else list(texts)
    wrong = [one for one in several if not isinstance(one, str)]
    if wrong:
        raise InputError(f"got {shown(wrong[0])}; expected a text or a list of texts")
    return several


def _places(runs: object, results: str | Path) -> list[Path]:
    """Return where one or several runs lie; of names in a results folder, there."""
    from kerasdemo.records import names

    folder = _path(results, "a results folder")
    places = [_path(_place(one), "a run or a folder of runs") for one in _each(runs)]
    return [names.find_folder(place, folder) for place in places]


def _find_run(run: object, results: str | Path) -> Path:
    """Return where a run lies, or would lie if there were one of that name."""
    from kerasdemo.records import names

    folder, named = _path(results, "a results folder"), _place(run)
    found = names.find_run(_path(named, "a run, its folder or its name"), folder)
    if not found.exists() and not folder.is_dir():
        problem = f"no such run folder, nor a results folder {folder}"
        raise InputError(Fault(problem, str(named)))
    return found


def _each(runs: object) -> list[Any]:
    """Return one or several runs as a list."""
    return list(runs) if isinstance(runs, Iterable) and not isinstance(runs, str) else [runs]


def _place(runs: object) -> object:
    """Return where runs lie: a run has a path, what `fit` returned a run, a sweep a folder."""
    runs = getattr(runs, "run", None) or runs
    return getattr(runs, "path", getattr(runs, "folder", runs))


def _path(value: object, expected: str) -> Path:
    """Return a value as a path, or say what was expected in its place."""
    if not isinstance(value, str | Path):
        raise InputError(f"got {shown(value)}; expected {expected}")
    if "\0" in str(value) or len(str(value)) > MAX_PATH:
        raise InputError(f"{shown(str(value))} is no path; expected {expected}")
    return Path(value)


def _document(values: Mapping[str, Any], file: str, name: str) -> Document:
    """Return plain values as if they had been read from a YAML file here."""
    return Document({"name": name, **_plain(values)}, file, {})


def _plain(value: Any) -> Any:
    """Return a value with the types that YAML has: no tuples, no paths, no numbers of numpy."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | range):
        return [_plain(inner) for inner in value]
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else value


def _seeds(seeds: Seeds) -> tuple[int, ...]:
    try:
        return seed_ranges.parse(seeds)
    except ValueError as error:
        raise InputError(Fault(str(error), key="seeds")) from None


def _rates(rates: Iterable[float]) -> tuple[float, ...]:
    """Return learning rates as numbers, checked."""
    several = list(rates) if isinstance(rates, Iterable) else [rates]
    if len(several) > MOST_RATES:
        raise InputError(f"got {len(several)} learning rates; at most {MOST_RATES} are tried")
    for rate in several:
        is_number = isinstance(rate, Real) and not isinstance(rate, bool)
        if not (is_number and 0 < rate < LARGEST_RATE):
            raise InputError(f"got the learning rate {shown(rate)}; expected a positive number")
    if 0 < len(set(several)) < FEWEST_RATES:
        message = f"got {len(set(several))} learning rates; expected {FEWEST_RATES} or more"
        raise InputError(f"{message}, to compare them")
    return tuple(map(float, several))


def _console() -> "Console":
    from kerasdemo.display.console import SafeConsole

    return SafeConsole()


def _warn_skipped(faults: Iterable[Fault]) -> None:
    for fault in faults:
        warnings.warn(str(fault), stacklevel=3)
