"""The command line: a leaf. Each verb is one short function that parses, calls and prints.

Nothing heavy is imported here: what does not train answers without TensorFlow.
"""

import json
import signal
import sys
import warnings
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from kerasdemo.comparison.comparison import Comparison
    from kerasdemo.config import RunConfig
    from kerasdemo.diagnosis import Verdict
    from kerasdemo.lecture.demo import Demo
    from kerasdemo.lecture.demo_runner import DemoResult
    from kerasdemo.records import Run
    from kerasdemo.records.index import Summary
    from kerasdemo.sweeps.sweep import Plan

app = typer.Typer(
    name="kerasdemo",
    help="Train networks from YAML, see their curves, and learn why they overfit or fail to train.",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help: importing Rich would take longer than all else
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

RESULTS = Path("results/runs")
MY_LECTURE = Path("results/my_lecture")

Configs = Annotated[list[Path], typer.Argument(metavar="CONFIG...", help="YAML files.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a value, e.g. training.epochs=5."),
]
Seeds = Annotated[
    str | None, typer.Option(metavar="0-4", help="Train once for each seed: 0-4 or 0,2,5.")
]
Results = Annotated[Path, typer.Option("--results", metavar="DIR", help="Where run folders are.")]
Json = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
RunNames = Annotated[
    list[str], typer.Argument(metavar="RUN...", help="Run folders, or names of runs in --results.")
]


def _version(wanted: bool) -> None:
    from importlib.metadata import version
    from platform import python_version

    if wanted:
        names = ("Keras", "TensorFlow", "numpy")
        parts = [f"Python {python_version()}", *(f"{n} {version(n.lower())}" for n in names)]
        _say(f"kerasdemo {version('kerasdemo')} ({', '.join(parts)})")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Train networks from YAML and find out why they overfit or fail to train."""


@app.command(epilog="Example: kerasdemo run configs/quickstart.yaml --set training.epochs=5")
def run(
    configs: Configs,
    overrides: Set = None,
    seeds: Seeds = None,
    results: Results = RESULTS,
    again: Annotated[bool, typer.Option(help="Train anew even what is answered.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 3 where a verdict is not healthy.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train configs, draw their curves, say what is wrong. What is on disk is not trained again."""
    from kerasdemo.training import runner

    configurations = _load(configs, overrides, seeds)
    console = _console()
    # All data is looked at before anything is trained.
    for config in configurations:
        runner.run_folder(config, results)
    outcomes, verdicts = [], []
    silent = quiet or as_json
    for config in configurations:
        outcome = runner.run(
            config, results, again=again, reporter=None if silent else _reporter(console)
        )
        verdict = _judge(outcome)
        outcomes.append(outcome)
        verdicts.append(verdict)
        if not silent:
            _print_run(console, outcome, verdict)
        if outcome.status == "interrupted":
            epoch = outcome.history.epochs + 1
            _say(f"interrupted: the same command goes on with epoch {epoch}", err=True)
            raise typer.Exit(130)
    if as_json:
        _print_json([_facts(*pair) for pair in zip(outcomes, verdicts, strict=True)])
    elif not quiet:
        _print_seeds(outcomes)
    if any(outcome.status == "failed" for outcome in outcomes):
        raise typer.Exit(1)
    raise typer.Exit(3 if strict and any(v.outcome != "healthy" for v in verdicts) else 0)


@app.command(epilog="Example: kerasdemo check configs/*.yaml")
def check(configs: Configs, overrides: Set = None, as_json: Json = False) -> None:
    """Check configs and their data without training: errors with file and line, and tips."""
    from kerasdemo.config import InputError
    from kerasdemo.config.lint import lint
    from kerasdemo.data import loading as data

    told = []
    faults = []
    broken = False
    for path, config in zip(configs, _load(configs, overrides, None), strict=True):
        try:
            remarks = data.inspect(config)
        except InputError as error:
            faults += [fault for fault in error.faults if fault not in faults]
            continue
        tips = lint(config)
        broken |= any(tip.severity == "error" for tip in tips)
        told.append(
            {
                "file": str(path),
                "name": config.name,
                "tips": [asdict(tip) for tip in tips],
                "data": remarks,
            }
        )
        if not as_json:
            kinds = Counter(tip.severity for tip in tips)
            counts = [f"{n} {kind}{'s' * (n > 1)}" for kind, n in sorted(kinds.items())]
            count = ", ".join(counts) or "ok"
            _say(f"{path}: {count}")
            for line in (*tips, *(f"data: {remark}" for remark in remarks)):
                _say(f"  {line}")
    if faults:
        raise InputError(faults)
    if as_json:
        _print_json(told)
    raise typer.Exit(2 if broken else 0)


@app.command(epilog="Example: kerasdemo schema configs/schema.json")
def schema(
    file: Annotated[Path | None, typer.Argument(help="Where to write it; left out: print.")] = None,
    experiment: Annotated[
        bool, typer.Option("--experiment", help="Of experiments, not of configs.")
    ] = False,
) -> None:
    """Write the JSON Schema of configs, which editors complete and check YAML with."""
    from kerasdemo.config.schema import schema_text

    if experiment:
        from kerasdemo.sweeps.experiment import Experiment

        text = schema_text(Experiment)
    else:
        text = schema_text()
    if file is None:
        typer.echo(text, nl=False)
    else:
        file.write_text(text, encoding="utf-8")


@app.command("list", epilog="Example: kerasdemo list results/runs")
def list_runs(
    results: Annotated[Path, typer.Argument(metavar="[DIR]")] = RESULTS,
    sort: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Sort by a column, the smallest first.")
    ] = None,
    reverse: Annotated[bool, typer.Option("--reverse", help="The other way round.")] = False,
    filters: Annotated[
        list[str] | None,
        typer.Option(
            "--filter", metavar="KEY=VALUE", help="Only runs with this value: a column or a key."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the runs in a results folder, and what differs between them."""
    from kerasdemo.comparison.comparison import differing
    from kerasdemo.config import Fault, InputError
    from kerasdemo.records import listing

    found = listing(results)
    for fault in found.skipped:
        _say(str(fault), err=True)
    kept = [(summary, _row(summary)) for summary in found.runs]
    for text in filters or ():
        key, equals, value = text.partition("=")
        if not equals:
            raise InputError(Fault(f"got {text!r}; expected KEY=VALUE", "--filter"))
        known = {k for summary, row in kept for k in (*row, *summary.settings)}
        names = [name for name in (key, f"{key}.name") if name in known]
        if kept and not names:
            _one_of("--filter", key, tuple(known))
        kept = [
            (summary, row)
            for summary, row in kept
            if any(str({**summary.settings, **row}.get(name)) == value for name in names)
        ]
    keys = differing([summary for summary, _ in kept])
    texts = _apart([{k: v for k, v in s.settings.items() if k in keys} for s, _ in kept])
    rows = [row | {"differs": text} for (_, row), text in zip(kept, texts, strict=True)]
    if sort is not None and rows:
        _one_of("--sort", sort, tuple(rows[0]))
        # What has no value stands at the end.
        rows.sort(key=lambda row: (row[sort] is not None, row[sort] or 0), reverse=True)
        with_value = [row for row in rows if row[sort] is not None]
        rows = [*(with_value if reverse else with_value[::-1]), *rows[len(with_value) :]]
    elif reverse:
        rows.reverse()
    if as_json:
        _print_json(rows)
    elif rows:
        _print_table(_fitted(rows))
    elif filters and found.runs:
        _say(f"no run in {results} has {' and '.join(filters)}")
    else:
        _say(f"no runs in {results}; `kerasdemo run CONFIG` makes one")


@app.command(epilog="Example: kerasdemo show quickstart-1a2b3c4d")
def show(
    name: Annotated[str, typer.Argument(metavar="RUN", help="Run folder, or its name.")],
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Show one run: what was asked, what happened, what it means; draw its curves if missing."""
    outcome = _read(name, results)
    verdict = _judge(outcome)
    if as_json:
        _print_json(_facts(outcome, verdict) | {"config": outcome.config.resolved})
        return
    _print_run(_console(), outcome, verdict)
    names = (outcome.facts.get("data") or {}).get("class_names")
    if names:
        _say(f"\nclasses {', '.join(map(str, names))}")
    _say(f"\nconfig  {outcome.folder.config_file}")
    for key, value in _flat(outcome.config.settings):
        _say(f"  {key}: {value}")


@app.command(epilog="Example: kerasdemo diagnose quickstart-1a2b3c4d --json")
def diagnose(
    names: RunNames,
    results: Results = RESULTS,
    patch: Annotated[
        bool, typer.Option("--patch", help="Write the first remedy of each run as a new YAML.")
    ] = False,
    sanity_checks: Annotated[
        bool,
        typer.Option("--sanity-checks", help="Make short experiments first, to tell causes apart."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Say whether runs overfit or fail to optimise, why, and what to do."""
    from kerasdemo import diagnosis
    from kerasdemo.diagnosis import sanity_results

    runs = [_read(name, results) for name in names]
    if sanity_checks:
        runs = [_with_sanity_checks(run) for run in runs]
    verdicts = [diagnosis.diagnose(run) for run in runs]
    if as_json:
        told = zip(runs, verdicts, strict=True)
        _print_json(
            [
                {"run": r.id, **v.as_dict(), "sanity_checks": dict(r.sanity_checks) or None}
                for r, v in told
            ]
        )
        return
    console = _console()
    for outcome, verdict in zip(runs, verdicts, strict=True):
        console.print(outcome.id, style="bold", highlight=False, markup=False, soft_wrap=True)
        _print_verdict(console, verdict, evidence=True)
        if outcome.sanity_checks:
            _print_table(sanity_results.table(outcome))
        if patch:
            _say(f"  {_write_patched(outcome, verdict)}")


@app.command(epilog="Example: kerasdemo explain vanishing_gradient")
def explain(
    word: Annotated[str, typer.Argument(metavar="CODE", help="A code, an outcome or a cause.")],
) -> None:
    """Explain a code, an outcome or a cause: how it is detected, why it matters, what to try."""
    from kerasdemo import diagnosis

    _say(diagnosis.explain(word))


@app.command(epilog="Example: kerasdemo sweep experiments/batch_size.yaml --dry-run")
def sweep(
    experiment: Annotated[Path, typer.Argument(metavar="EXPERIMENT", help="A YAML file.")],
    overrides: Set = None,
    seeds: Seeds = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Processes that train; left out: the fastest."),
    ] = None,
    ray: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Train on a Ray cluster; auto: this one.")
    ] = None,
    retry_failed: Annotated[bool, typer.Option(help="Try again what failed.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Show the runs, train nothing.")] = False,
    results: Results = RESULTS,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make every run of an experiment, and compare them. What is on disk is not trained again."""
    from kerasdemo.sweeps import sweep as sweeps

    chosen = _seeds(seeds) if seeds is not None else []
    if dry_run:
        plan = sweeps.plan(experiment, results, overrides or (), seeds=chosen, workers=workers)
        _print_plan(plan, as_json)
        return
    swept = sweeps.sweep(
        experiment,
        results,
        overrides or (),
        seeds=chosen,
        workers=workers,
        ray=ray,
        retry_failed=retry_failed,
        console=None if quiet or as_json else _console(),
    )
    if as_json:
        _print_json(sweeps.as_json(swept))
    elif not quiet:
        for planned, outcome in swept.failed:
            _say(f"failed: {planned.label} (seed {planned.seed}): {outcome.reason}")
        _print_comparison([swept.folder], None, [], "table")
    raise typer.Exit(1 if swept.failed else 0)


@app.command(epilog="Example: kerasdemo tune configs/lecture/keras2/07_baseline.yaml --seeds 0-2")
def tune(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="A YAML file.")],
    overrides: Set = None,
    seeds: Annotated[
        str | None, typer.Option(metavar="0-2", help="Train each config once for each seed.")
    ] = None,
    max_runs: Annotated[int, typer.Option(min=1, metavar="N", help="Runs at most.")] = 30,
    results: Results = RESULTS,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The final YAML; left out: beside the runs.")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Follow the recipe: train, diagnose, try remedies, keep what helps, until it is healthy."""
    from kerasdemo.tuning import recipe, report

    (asked,) = _load([config], overrides, None)
    followed = recipe.follow(
        asked,
        results,
        seeds=_seeds(seeds) if seeds is not None else (),
        most_runs=max_runs,
        output=output,
        console=None if quiet or as_json else _console(),
    )
    if as_json:
        _print_json(report.as_json(followed))
    elif not quiet:
        for line in ("", *report.tree(followed)):
            _say(line)
        _say(f"config  {followed.config_file}\nplot    {followed.plot_file}")
    raise typer.Exit(1 if followed.tuning.start.failure else 0)


@app.command(epilog="Example: kerasdemo compare results/runs/batch_size --metric test_accuracy")
def compare(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Run folders, sweeps, results folders.")
    ],
    metric: Annotated[
        str | None, typer.Option(metavar="NAME", help="val_accuracy (the default), test_loss, ...")
    ] = None,
    group_by: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY", help="Dotted path or section; left out: all that differs."),
    ] = None,
    at: Annotated[
        str, typer.Option(metavar="kept|last|best", help="Which epoch of each run.")
    ] = "kept",
    form: Annotated[
        str, typer.Option("--format", metavar="table|csv|json|markdown", help="How to print.")
    ] = "table",
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw it, too.")] = None,
) -> None:
    """Compare runs: means and intervals over seeds, ranks with ties, who beats whom."""
    comparison = _print_comparison(paths, metric, group_by or [], form, at)
    if plot is not None:
        from kerasdemo.display import comparison_plots

        comparison_plots.save(comparison, plot)
        _say(f"plot  {plot}", err=True)


@app.command(epilog="Example: kerasdemo diff deep-1a2b3c4d shallow-5e6f7a8b")
def diff(
    first: Annotated[str, typer.Argument(metavar="RUN", help="Run folder, or its name.")],
    second: Annotated[str, typer.Argument(metavar="RUN")],
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Say why two runs differ: in configs, from which epoch on, in which layer first."""
    from kerasdemo.comparison import difference

    one, two = _read(first, results), _read(second, results)
    found = difference.diff(one, two)
    if as_json:
        _print_json(found.as_dict())
        return
    for line in difference.sentences(found, one.id, two.id):
        _say(line)


@app.command(epilog="Example: kerasdemo lecture worked_network")
def lecture(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME...", help="Demos, or parts of the lecture.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every demo there is.")] = False,
    seeds: Annotated[
        str | None,
        typer.Option(metavar="0-4", help="Left out: three where that is quick, else one."),
    ] = None,
    results: Results = RESULTS / "lecture",
    pages: Annotated[
        Path, typer.Option(metavar="DIR", help="Where figures and pages are written.")
    ] = MY_LECTURE,
    overrides: Set = None,
) -> None:
    """Run the lecture's demos and check its claims; without NAME list them."""
    from kerasdemo.lecture import catalogue

    given = _seeds(seeds) if seeds is not None else []
    if not names and not every:
        _print_table([_demo_row(demo, given) for demo in catalogue.DEMOS])
        return
    found = [demo for name in names or () for demo in catalogue.select(name)]
    chosen = list(catalogue.DEMOS if every else dict.fromkeys(found))
    from kerasdemo.lecture import demo_runner
    from kerasdemo.lecture import pages as lecture_pages

    console = _console()
    statuses: list[str] = []
    for demo in chosen:
        own = given or demo_runner.usual_seeds(demo, overrides or ())
        _say(f"{demo.part}: {demo.title} ({demo.name}), {_counted(len(own), 'seed')}")
        result = demo_runner.run_demo(demo, results, own, overrides or (), console)
        figures = lecture_pages.write(result, pages)
        _print_demo(console, result, figures)
        statuses += [claim.status for claim in result.output.claims]
    counts = [f"{statuses.count(status)} {status}" for status in dict.fromkeys(sorted(statuses))]
    _say(f"{_counted(len(statuses), 'claim')}: {', '.join(counts)}")


def main() -> None:
    """Run the command line; bad input ends in one line a fault and exit code 2."""
    try:
        _run()
    except KeyboardInterrupt:
        # Who presses Ctrl-C once more while this ends wants out, not to know where that was.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        sys.exit(130)


def _run() -> None:
    from kerasdemo.config.errors import InputError

    warnings.showwarning = _warn
    try:
        app()
    except InputError as error:
        for line in error.told:
            _say(f"error: {line}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        problem = f"{place}{error.strerror or error}"
        _say(f"error: {problem}; mend it and give the same command again", err=True)
        sys.exit(1)
    except RuntimeError as error:
        _say(f"error: {error}", err=True)
        sys.exit(1)


def _say(text: str, err: bool = False) -> None:
    """Print text whoever wrote it: names, labels and reasons may hold escape sequences."""
    from kerasdemo.config.errors import printable

    typer.echo(printable(text), err=err)


_warned: set[str] = set()


def _warn(message: Warning | str, *_: object, **__: object) -> None:
    """Print a warning once, in one line, without the place in the code that raised it."""
    if str(message) not in _warned:
        _warned.add(str(message))
        _say(f"warning: {message}", err=True)


def _load(paths: list[Path], overrides: list[str] | None, seeds: str | None) -> "list[RunConfig]":
    """Load every config, for every seed, and tell the faults of all of them at once."""
    from kerasdemo.config import Fault, InputError
    from kerasdemo.config.document import read
    from kerasdemo.config.loading import from_document

    chosen = [[f"seed={seed}"] for seed in _seeds(seeds)] if seeds is not None else [[]]
    loaded: list[RunConfig] = []
    faults: list[Fault] = []
    for path in paths:
        try:
            document = read(path, tolerant=True)
            # A config that fails with one seed fails with the others for the same reason.
            loaded += [from_document(document, [*(overrides or ()), *seed]) for seed in chosen]
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(dict.fromkeys(faults))
    return loaded


def _seeds(text: str) -> list[int]:
    """Return the seeds of "0-4" or "0,2,5-7"."""
    from kerasdemo.config import Fault, InputError, seeds

    try:
        return seeds.parse(text)
    except ValueError as error:
        raise InputError(Fault(str(error), "--seeds")) from None


def _read(name: str, results: Path) -> "Run":
    """Read a run by its folder, its name in the results folder, or the start of its name."""
    from kerasdemo.records import read

    if not Path(name).is_dir() and Path(name).name == name and results.is_dir():
        if (results / name).is_dir():
            return read(results / name)
        begins = [p for p in results.iterdir() if p.is_dir() and p.name.startswith(name)]
        if len(begins) == 1:
            return read(begins[0])
        return read(results / name)
    return read(name)


def _with_sanity_checks(outcome: "Run") -> "Run":
    """Make short experiments on a run's config, unless they were made, and read it again."""
    from kerasdemo.records import read
    from kerasdemo.training import sanity_checks

    sanity_checks.run_sanity_checks(outcome)
    return read(outcome.folder.path)


def _judge(outcome: "Run") -> "Verdict":
    """Diagnose a run and keep verdict and pictures beside it."""
    from kerasdemo import diagnosis
    from kerasdemo.display import run_plots

    verdict = diagnosis.evaluate(outcome)
    folder = outcome.folder
    try:
        if outcome.history.epochs:
            run_plots.save_curves(outcome, verdict, folder.curves_file)
            run_plots.save_layers(outcome, folder.layer_plot_file)
    except OSError as error:
        # Derived, and made again at will: a folder that can't be written to is shown all the same.
        place = f"verdict and pictures can't be kept in {folder.path}"
        _warn(f"{place}: {error.strerror or error}")
    return verdict


def _write_patched(outcome: "Run", verdict: "Verdict") -> str:
    """Write a run's config with the first remedy in it into this folder; return what was done."""
    from kerasdemo.config.changes import as_yaml, patched

    if not verdict.remedies:
        return "nothing to patch"
    remedy = verdict.remedies[0]
    name = f"{outcome.config.name}_patched"
    file = Path(f"{name}.yaml")
    if file.exists():
        return f"{file} is there already; move it away for a new one"
    header = f"{outcome.id}: {verdict.summary}\n{remedy.reason}"
    file.write_text(as_yaml(patched(outcome.config, remedy.patch, name), header), encoding="utf-8")
    return f"wrote {file}"


def _facts(outcome: "Run", verdict: "Verdict") -> dict[str, Any]:
    return {"run": outcome.id, "folder": str(outcome.path), **outcome.facts} | {
        "verdict": verdict.as_dict()
    }


def _console() -> "Console":
    from collections.abc import Iterable

    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

    from kerasdemo.config.errors import printable

    class Careful(Console):
        """Rich passes on what a name or label holds: here no escape sequence gets through."""

        def render(
            self, renderable: RenderableType, options: ConsoleOptions | None = None
        ) -> Iterable[Segment]:
            for one in super().render(renderable, options):
                yield one if one.control else Segment(printable(one.text), one.style)

    return Careful()


def _reporter(console: "Console") -> Any:
    from kerasdemo.display import run_progress

    return run_progress.reporter(console)


def _print_run(console: "Console", outcome: "Run", verdict: "Verdict") -> None:
    def line(text: str, style: str = "") -> None:
        console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    facts = outcome.facts
    for key in ("warning", "uneven"):
        warning = facts.get("data", {}).get(key)
        if warning and warning not in _warned:  # of several runs on the same data, once
            _warned.add(warning)
            line(f"WARNING  {warning}", "bold yellow")
    reason = f", {facts['reason']}" if facts.get("reason") else ""
    line(f"{outcome.id}  {outcome.status}{reason}", "bold")
    line(f"  {_scores(outcome)}")
    _print_verdict(console, verdict)
    if outcome.folder.curves_file.is_file():
        line(f"  curves   {outcome.folder.curves_file}")


def _print_seeds(outcomes: "list[Run]") -> None:
    """Print mean and interval over the seeds of each config that ran with several."""
    from kerasdemo.comparison.comparison import Group
    from kerasdemo.records.index import summary

    by_config: dict[str, dict[int, Summary]] = {}
    for outcome in outcomes:
        found = summary(outcome.path or "")
        by_config.setdefault(repr({**found.settings, "seed": None}), {})[found.seed] = found
    for runs in (tuple(runs.values()) for runs in by_config.values() if len(runs) > 1):
        parts = []
        for name, metric in (
            ("train", "accuracy"),
            ("validation", "val_accuracy"),
            ("test", "test_accuracy"),
        ):
            group = Group("", {}, runs, metric, "kept")
            if group.interval.n:
                parts.append(f"{name} {group.interval.scaled(100)} %")
        diverged = sum(run.status != "finished" for run in runs)
        without = f" ({diverged} of them did not finish)" if diverged else ""
        _say(f"{runs[0].name}: {len(runs)} seeds{without}, with 95 % intervals")
        _say(f"  mean accuracy: {', '.join(parts) or '-'}")


def _scores(outcome: "Run") -> str:
    """Return the accuracies of the weights that the run ended with, and of which epoch they are."""
    from kerasdemo.diagnosis.features import RunFeatures

    features = RunFeatures(outcome)
    parts = {
        "train": features.accuracy,
        "validation": features.val_accuracy,
        "test": features.test_accuracy,
    }
    known = [f"{name} {value:.1%}" for name, value in parts.items() if value is not None]
    epoch = features.judged + 1
    kept = f" (epoch {epoch}, whose weights were kept)" if epoch < features.epochs else ""
    return f"accuracy {', '.join(known)}{kept}" if known else "no whole epoch"


STYLES = {"healthy": "bold green", "cannot_tell": "bold", "still_improving": "bold cyan"}
CAUTION = "bold yellow"


def _print_verdict(console: "Console", verdict: "Verdict", evidence: bool = False) -> None:
    from kerasdemo.config.changes import options

    def line(text: str, style: str = "") -> None:
        console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    style = CAUTION if verdict.caution else STYLES.get(verdict.outcome, "bold red")
    line(f"  {verdict.title.upper()}: {verdict.summary}", style)
    for key, value in verdict.evidence.items() if evidence else ():
        line(f"    {key}: {value:.4g}" if isinstance(value, float) else f"    {key}: {value}")
    for cause in verdict.causes:
        line(f"  why      {cause.name.replace('_', ' ')}: {cause.text}")
    for remedy in verdict.remedies:
        line(f"  try      {options(remedy.patch) or '-'}  ({remedy.reason})")
    for note in verdict.notes:
        if note not in _warned:
            line(f"  note     {note}")


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'s' * (count != 1)}"


def _demo_row(demo: "Demo", seeds: list[int]) -> dict[str, Any]:
    from kerasdemo.lecture.demo_runner import seconds_needed, usual_seeds
    from kerasdemo.sweeps.progress import duration

    own = seeds or usual_seeds(demo)
    seconds = seconds_needed(demo, own)
    return {
        "part": demo.part,
        "demo": demo.name,
        "title": demo.title,
        "seeds": len(own),
        "time here": f"about {duration(seconds)}" if seconds else "seconds",
    }


def _print_demo(console: "Console", result: "DemoResult", figures: list[Path]) -> None:
    for line in result.output.lines:
        _say(f"  {line}")
    for claim in result.output.claims:
        reference = f" (lecture: {claim.reference})" if claim.reference else ""
        _say(f"  {claim.status.upper()}: {claim.statement}{reference}: {claim.measured}")
        if claim.note and claim.status not in ("held", "seen once", "quoted"):
            _say(f"    {claim.note}")
    if "mnist_sample" in result.sources:
        told = "  on the bundled sample of 5,000 digits: let KERASDEMO_MNIST name the whole MNIST"
        console.print(told, style="bold yellow", markup=False, highlight=False, soft_wrap=True)
    for figure in figures:
        _say(f"  figure  {figure}")


def _fitted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows that fit the terminal: without minor columns, and with the longest text cut."""
    if not sys.stdout.isatty():
        return rows  # a pipe gets all
    import shutil

    wide = shutil.get_terminal_size().columns
    minor = ["data", "seconds", "epochs", "status", "accuracy", "date", "test_accuracy"]

    def widths() -> dict[str, int]:
        return {n: max(len(n), *(len(_cell(row[n])) for row in rows)) for n in rows[0]}

    while minor and sum(w + 2 for n, w in widths().items() if n != "differs") + 30 > wide:
        dropped = minor.pop(0)
        rows = [{n: v for n, v in row.items() if n != dropped} for row in rows]
    for name in ("differs", "run"):
        room = max(8, wide - sum(w + 2 for n, w in widths().items() if n != name))
        rows = [
            row | {name: row[name] if len(row[name]) <= room else f"{row[name][: room - 1]}…"}
            for row in rows
        ]
    return rows


def _apart(settings: list[dict[str, Any]]) -> list[str]:
    """Return in words what differs: what sets a run apart from most others first.

    A narrow terminal cuts the end off.
    """
    from kerasdemo.comparison.comparison import label

    keys = dict.fromkeys(key for one in settings for key in one)
    counts = {key: Counter(str(one.get(key)) for one in settings) for key in keys}
    usual = {key: counted.most_common(1)[0][0] for key, counted in counts.items()}
    return [
        label(dict(sorted(one.items(), key=lambda pair: str(pair[1]) == usual[pair[0]])))
        for one in settings
    ]


def _row(summary: "Summary") -> dict[str, Any]:
    from datetime import datetime

    file = summary.path / "run.json"
    ended = datetime.fromtimestamp(file.stat().st_mtime) if file.exists() else None
    metrics = {name: value.kept for name, value in summary.metrics.items()}
    return {
        "run": summary.id,
        "seed": summary.seed,
        "date": ended and f"{ended:%Y-%m-%d %H:%M}",
        "status": summary.status,
        "verdict": summary.title,
        "accuracy": metrics.get("accuracy"),
        "val_accuracy": metrics.get("val_accuracy"),
        "test_accuracy": metrics.get("test_accuracy"),
        "epochs": summary.epochs,
        "seconds": summary.seconds,
        "data": summary.source,
    }


def _print_table(rows: list[dict[str, Any]]) -> None:
    """Print columns as wide as they need to be: fast for 10,000 rows, and a pipe cuts nothing."""
    columns = [[name, *(_cell(row[name]) for row in rows)] for name in rows[0]]
    widths = [max(map(len, column)) for column in columns]
    for line in zip(*columns, strict=True):
        cells = (
            cell.ljust(width) if column[0] in TEXT else cell.rjust(width)
            for cell, width, column in zip(line, widths, columns, strict=True)
        )
        _say("  ".join(cells).rstrip())


TEXT = (
    "run",
    "date",
    "differs",
    "group",
    "status",
    "verdict",
    "data",
    "check",
    "note",
    "part",
    "demo",
    "title",
)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    # A row is a line, whatever a name holds.
    return f"{value:.4g}" if isinstance(value, float) else " ".join(str(value).splitlines())


def _print_plan(plan: "Plan", as_json: bool) -> None:
    from kerasdemo.sweeps.progress import duration

    rows = [
        {"run": planned.label, "seed": planned.seed, "on disk": outcome and outcome.status}
        for planned, outcome in plan.runs
    ]
    if as_json:
        _print_json({"runs": rows, "seconds": plan.seconds})
        return
    if rows:
        _print_table(rows)
    search = plan.experiment.search
    what = f"{search.trials} trials of {search.method}" if search else f"{len(rows)} runs"
    left = sum(outcome is None for _, outcome in plan.runs)
    time = "" if search else f", {left} to train, roughly {duration(plan.seconds)}"
    _say(f"{what}{time}; results in {plan.folder}")


def _print_comparison(
    paths: list[Path], metric: str | None, group_by: list[str], form: str, at: str = "kept"
) -> "Comparison":
    """Print how runs compare, and what they say to the claims of their experiments."""
    from kerasdemo.comparison import comparison as comparisons
    from kerasdemo.display import comparison_tables
    from kerasdemo.sweeps import sweep as sweeps

    _one_of("--at", at, ("kept", "last", "best"))
    _one_of("--format", form, ("table", "csv", "json", "markdown"))
    found = comparisons.gather(paths)
    for fault in found.skipped:
        _say(str(fault), err=True)
    comparison = comparisons.compare(
        found.runs, metric or comparisons.usual_metric(found.runs), group_by, at
    )
    bullet = ""
    if form == "table":
        columns, rows = comparison_tables.table(comparison)
        _print_table([dict(zip(columns, row, strict=True)) for row in rows])
        for sentence in comparison_tables.sentences(comparison):
            _say(sentence)
    else:
        bullet = "- "
        _say(comparison_tables.render(comparison, form))
    for finding in (finding for path in paths for finding in sweeps.findings(path)):
        if form in ("table", "markdown"):
            lecturer = finding.claim.lecturer
            told = "" if lecturer is None else f" (lecturer: {lecturer})"
            says = f"{finding.outcome.upper()}: {finding.claim.says}{told}: {finding.evidence}"
            _say(f"{bullet}{comparison_tables.escaped(says) if bullet else says}")
    return comparison


def _one_of(option: str, value: str, known: tuple[str, ...]) -> None:
    from kerasdemo.config.errors import Fault, InputError, unknown

    if value not in known:
        raise InputError(Fault(unknown("value", value, known), option))


def _flat(settings: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for key, value in settings.items():
        if isinstance(value, dict) and value:
            pairs += _flat(value, f"{prefix}{key}.")
        else:
            pairs.append((f"{prefix}{key}", value))
    return pairs


def _print_json(value: Any) -> None:
    from kerasdemo.records import files

    # JSON has its own way to write what is not printable.
    typer.echo(json.dumps(files.finite(value), indent=1, allow_nan=False))
