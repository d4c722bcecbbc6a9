"""The lecture's demos: each can be result, at a tiny size, and its pages are current."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kerasdemo import cli
from kerasdemo.config import InputError
from kerasdemo.lecture import catalogue, pages, shipped
from kerasdemo.lecture.demo import ClaimResult, Demo, DemoOutput, Status
from kerasdemo.lecture.demo_runner import DemoResult, digest, run_demo, usual_seeds
from kerasdemo.sweeps import estimate, local
from kerasdemo.sweeps.executor import Listener, Source
from kerasdemo.sweeps.experiment import load
from kerasdemo.sweeps.run_store import RunStore
from kerasdemo.training import trainer
from kerasdemo.training.compile_key import compile_key

PUBLISHED = Path(__file__).parent.parent.parent / "results" / "lecture"
TRAINED = [demo for demo in catalogue.DEMOS if demo.experiment]
CALCULATED = [demo for demo in catalogue.DEMOS if not demo.experiment]
TINY = [
    "data.name=mnist_sample",
    "data.train=100",
    "data.validation=20",
    "data.test=50",
    "training.epochs=1",
    "network.units=12",
]


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train here: to start a worker for each demo would take most of the tests' time."""

    def execute(source: Source, answers: RunStore, listener: Listener, workers: int) -> None:
        from kerasdemo.training import runner

        shape = None
        while (planned := source.take(shape)) is not None:
            shape = compile_key(planned.config)
            outcome = answers.find(planned)
            if outcome is None:
                runner.run(planned.config, answers.results)
                outcome = answers.read(planned)
            listener.ended(planned, outcome)

    monkeypatch.setattr(local, "execute", execute)
    # XLA would take most of the time for epochs of 100 examples.
    monkeypatch.setattr(trainer, "uses_xla", lambda _: False)


def kerasdemo(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, arguments)


def named(name: str) -> Demo:
    (demo,) = catalogue.select(name)
    return demo


def test_the_list_names_every_demo_of_every_part() -> None:
    shown = kerasdemo("lecture")
    assert shown.exit_code == 0
    for demo in catalogue.DEMOS:
        time = "about [0-9]" if demo.experiment else "seconds"
        assert re.search(rf"^{demo.part} +{demo.name} +\S.* {time}", shown.stdout, re.MULTILINE)
    assert {demo.part for demo in catalogue.DEMOS} == set(catalogue.PARTS)


def test_names_are_unique_and_experiments_exist() -> None:
    names = [demo.name for demo in catalogue.DEMOS]
    assert len(set(names)) == len(names)
    files = {shipped.experiment(demo.experiment) for demo in TRAINED if demo.experiment}
    assert files == set((shipped.root() / "experiments" / "lecture").rglob("*.yaml"))


def test_a_name_that_is_none_is_told_with_the_near_one() -> None:
    with pytest.raises(InputError, match=r"fizbuzz.*fizzbuzz"):
        catalogue.select("fizbuzz")


def test_every_row_of_the_lecture_is_claimed() -> None:
    experiments = [load(shipped.experiment(demo.experiment)) for demo in TRAINED if demo.experiment]
    claimed = {row for one in experiments for claim in one.claims for row in claim.rows}
    # 21 to 23 are given figures and the worked network, which train nothing.
    assert claimed == set(range(1, 21))


@pytest.mark.parametrize("demo", TRAINED, ids=lambda demo: demo.name)
def test_what_trains_can_be_played_at_a_tiny_size(demo: Demo, tmp_path: Path) -> None:
    experiment = load(shipped.experiment(demo.experiment or ""))
    fizzbuzz = demo.part == "fizzbuzz"
    varied = {key for patch in (experiment.variants or {}).values() for key in patch or ()}
    tiny = [text for text in TINY if text.partition("=")[0] not in varied]
    tiny = ["training.epochs=1"] if fizzbuzz else tiny
    result = run_demo(demo, tmp_path, (0,), tiny)
    assert result.sources == (("fizzbuzz",) if fizzbuzz else ("mnist_sample",))
    assert result.output.lines
    if demo.name == Path(demo.experiment or "").name:
        assert {one.statement for one in result.output.claims} >= {
            c.statement for c in experiment.claims
        }
        assert demo.name in result.output.figures


@pytest.mark.parametrize("demo", CALCULATED, ids=lambda demo: demo.name)
def test_what_calculates_can_be_played(demo: Demo, tmp_path: Path) -> None:
    shown = run_demo(demo, tmp_path).output
    assert shown.lines
    assert shown.claims
    assert all(one.statement and one.measured for one in shown.claims)


def test_a_demo_writes_its_figures_its_record_and_the_pages(tmp_path: Path) -> None:
    shown = kerasdemo(
        *("lecture", "fizzbuzz", "--seeds", "0-1", "--set", "training.epochs=1"),
        *("--results", str(tmp_path / "runs"), "--pages", str(tmp_path / "pages")),
    )
    assert shown.exit_code == 0, shown.output
    right = "1000 hidden units get more than 99 % of the training set right"
    assert f"UNDECIDED: {right} (lecture: 100 %)" in shown.stdout
    assert shown.stdout.splitlines()[-1].startswith("5 claims: 5 undecided")
    page = (tmp_path / "pages" / "fizzbuzz" / "README.md").read_text()
    assert "kerasdemo lecture fizzbuzz --seeds 0-1" in page
    assert "| **undecided** |" in page
    assert "claimed 99 to 100 %" in page
    for figure in re.findall(r"\]\(([^)]+\.png)\)", page):
        assert (tmp_path / "pages" / "fizzbuzz" / figure).read_bytes().startswith(b"\x89PNG")
    index = (tmp_path / "pages" / "README.md").read_text()
    assert "| [17](fizzbuzz/README.md#fizzbuzz) |" in index
    assert "| 1 | - | - | - | not run yet |" in index


def test_the_sample_is_named_and_text_cannot_break_a_table(tmp_path: Path) -> None:
    claims = ClaimResult("a | <b>b", "", "c\nd", "undecided", (7,))
    shown = DemoOutput(("line",), (claims,))
    record = DemoResult(named("training_set"), (0,), shown, 3.0, ("mnist_sample",)).as_dict()
    page = pages.render([record])["keras2/README.md"]
    assert "on the bundled sample of 5,000 digits" in page
    assert r"| a \| &lt;b>b | - | c d | **undecided** |" in page


@pytest.mark.parametrize(
    ("status", "told"),
    [
        *(("held", 0), ("quoted", 0), ("seen once", 0)),
        *(("undecided", 1), ("not held", 1), ("not seen", 1)),
    ],
)
def test_a_page_tells_why_a_claim_did_not_hold(status: Status, told: int) -> None:
    shown = DemoOutput(
        ("line",), (ClaimResult("depth helps", "", "1", status, (7,), "the seeds differ"),)
    )
    record = DemoResult(named("training_set"), (0,), shown, 3.0, ("mnist",)).as_dict()
    page = pages.render([record])["keras2/README.md"]
    assert page.count("*Depth helps*: The seeds differ") == told


def test_one_seed_says_what_was_seen_and_pages_count_it(tmp_path: Path) -> None:
    # A constant network gets 53 % of FizzBuzz' test set: one run shows that it is not 90 %.
    arguments = ("lecture", "fizzbuzz", "--seeds", "0", "--set", "training.epochs=1")
    places = ("--results", str(tmp_path / "runs"), "--pages", str(tmp_path / "pages"))
    shown = kerasdemo(*arguments, *places)
    assert shown.exit_code == 0, shown.output
    assert "NOT SEEN: 1000 hidden units get more than 90 % of the test set right" in shown.stdout
    index = (tmp_path / "pages" / "README.md").read_text()
    assert (
        "| part | demos | held | not held | seen once | not seen | undecided | minutes |" in index
    )
    row = next(line for line in index.splitlines() if "FizzBuzz (lecture 9-3)" in line)
    held, not_held, once, never, undecided = map(int, row.split("|")[3:8])
    assert (held, not_held) == (0, 0)
    assert never >= 2
    assert once + never + undecided == 5


def test_small_demos_take_three_seeds_and_long_ones_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert usual_seeds(named("worked_network")) == (0, 1, 2)
    for seconds, seeds in ((100.0, (0, 1, 2)), (200.0, (0,))):
        monkeypatch.setattr(estimate, "seconds", lambda *_, seconds=seconds: seconds)
        assert usual_seeds(named("fizzbuzz")) == seeds


# What a statement must name of what its claim tests.
METRIC_WORDS = {
    "accuracy": ("training set",),
    "loss": ("training loss",),
    "val_accuracy": ("validation set",),
    "val_loss": ("validation loss",),
    "test_accuracy": ("test set",),
    "test_loss": ("test loss",),
    "epoch_seconds": ("to train for an epoch takes",),
    "seconds": ("time as a whole",),
}
VERDICT_WORDS = {
    "optimization_failure": r"fails? to optimize",
    "overfitting": "overfitting",
    "diverged": "diverge",
    "test_mismatch": "test mismatch",
}
SHIPPED = sorted((shipped.root() / "experiments").rglob("*.yaml"))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_a_statement_says_what_its_claim_tests(file: Path) -> None:
    for claim in load(file).claims:
        # Whoever reads one claim has not read the one before it.
        assert not re.match(r"(and|which|they|it|this|too|also)\b", claim.statement), (
            claim.statement
        )
        assert not re.search(r"\b(every|always|all|never)\b", claim.statement.split(" (")[0]), (
            claim.statement
        )
        if claim.verdict is not None:
            assert re.search(VERDICT_WORDS[claim.verdict], claim.statement), claim.statement
            continue
        assert any(word in claim.statement for word in METRIC_WORDS[claim.metric]), claim.statement
        if claim.by:
            assert re.search(rf"by more than {100 * claim.by:g} points?(,|$)", claim.statement), (
                claim.statement
            )
        if claim.between is not None:
            least, most = (f"{100 * end:g}" for end in claim.between)
            bounds = f"more than {least} %" if most == "100" else f"{least} to {most} %"
            bounds = f"less than {most} %" if least == "0" else bounds
            assert bounds in claim.statement, claim.statement


def test_a_digest_follows_claims_and_seeds() -> None:
    demo = named("fizzbuzz")
    assert digest(demo, (0,)) != digest(demo, (0, 1))
    assert digest(demo, (0,)) != digest(demo, (0,), ["training.epochs=1"])
    assert digest(replace(demo, experiment=None), (0,)) == ""


def test_the_published_pages_are_current() -> None:
    records = pages.read(PUBLISHED)
    for path, text in pages.render(records).items():
        assert (PUBLISHED / path).read_text(encoding="utf-8") == text, f"{path}: make lecture"
    for record in records:
        demo = named(record["demo"]["name"])
        assert record["digest"] == digest(demo, record["seeds"]), f"{demo.name}: make lecture"
        for figure in record["figures"]:
            assert (PUBLISHED / demo.part / figure).exists()
    kept = {PUBLISHED / demo.part / f"{demo.name}.json" for demo in catalogue.DEMOS}
    assert set(PUBLISHED.rglob("*.json")) <= kept


def test_runs_side_by_side_take_their_time_once(tmp_path: Path) -> None:
    once = run_demo(named("fizzbuzz"), tmp_path, (0,), ["training.epochs=1"])
    for file in tmp_path.rglob("run.json"):
        took = {"ended": "2026-01-01T00:20:00+00:00", "seconds": 600.0}
        file.write_text(json.dumps(json.loads(file.read_text()) | took))
    again = run_demo(named("fizzbuzz"), tmp_path, (0,), ["training.epochs=1"])
    assert once.seconds < 600 <= again.seconds < 1200


def test_a_record_is_plain_json(tmp_path: Path) -> None:
    result = run_demo(named("fizzbuzz"), tmp_path, (0,), ["training.epochs=1"])
    assert json.loads(json.dumps(result.as_dict()))["demo"]["part"] == "fizzbuzz"
