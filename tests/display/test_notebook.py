"""Runs, verdicts, histories and comparisons as HTML, Markdown and text."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html.parser import HTMLParser

import pytest

from kerasdemo.comparison.comparison import Comparison, compare
from kerasdemo.diagnosis import diagnose
from kerasdemo.display import notebook
from kerasdemo.display.blocks import MOST_BYTES
from kerasdemo.records import History, Run, Setup
from kerasdemo.records.verdict import Cause, Remedy, Verdict
from tests.factories import PLAIN, MakeRun, falling, make_run, make_summary, rising

EVIL = "<script>alert('1')</script> & \"x\" $a$ |b| *c* `d` [e](f)\n# g\x1b[2J\ud800\u202e"
CODE = 'model = keras.Sequential([\n    keras.layers.Dense(5, activation="relu"),\n])'


class Page(HTMLParser):
    """The tags and the text of HTML, whose tags are closed in order."""

    VOID = ("img",)

    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)


@dataclass(frozen=True)
class FakeEngine:
    """What trained."""

    loop: str
    why: str


@dataclass(frozen=True)
class FakeHistory:
    """What `kerasdemo.fit` returns, as far as it is shown."""

    history: Mapping[str, Sequence[float]]
    run: Run | None = None
    verdict: Verdict | None = None
    engine: FakeEngine | None = None


@pytest.fixture
def overfitted(run: MakeRun) -> Run:
    return run(
        loss=falling(2.3, 0.001),
        accuracy=rising(0.1, 1.0),
        val_loss=[2.0, 1.0, 0.8] + [1.0 + 0.1 * n for n in range(17)],
        val_accuracy=rising(0.1, 0.8),
        kept_epoch=3,
        test={"loss": 1.0, "accuracy": 0.8},
    )


@pytest.fixture
def comparison() -> Comparison:
    return compare(
        make_summary(mean + 0.01 * seed, seed, examples=10_000, optimizer__name=name)
        for name, mean in (("sgd", 0.5), ("adam", 0.9))
        for seed in range(3)
    )


VERDICT = Verdict(
    outcome="optimization_failure",
    code="K101",
    summary="The training loss does not fall.",
    causes=(Cause("learning_rate_too_low", "K201", 0.9, "1e-9 is tiny."),),
    remedies=(
        Remedy({}, "a larger layer", "network_too_small", CODE),
        Remedy({"optimizer.learning_rate": 0.1}, "a larger rate", "learning_rate_too_low"),
    ),
    epoch=3,
    notes=("Pass `x` and `y`.",),
)


def test_a_verdict_in_html() -> None:
    page = Page(notebook.html(VERDICT))
    for words in (
        "optimization failure from epoch 3",
        "The training loss does not fall.",
        "why learning rate too low: 1e-9 is tiny.",
        f"try first a larger layer{CODE}",
        "or a larger rate--set optimizer.learning_rate=0.1",
        "note Pass x and y.",
    ):
        assert words in page.text
    assert page.tags.count("pre") == 2
    assert page.tags.count("code") == 2


def test_a_verdict_in_markdown() -> None:
    assert notebook.markdown(VERDICT) == (
        "**optimization failure** **from epoch 3**\n\n"
        "The training loss does not fall.\n\n"
        "- **why** learning rate too low: 1e-9 is tiny.\n\n"
        "- **try first** a larger layer\n\n"
        "  ```python\n"
        "  model = keras.Sequential([\n"
        '      keras.layers.Dense(5, activation="relu"),\n'
        "  ])\n"
        "  ```\n\n"
        "- **or** a larger rate\n\n"
        "  ```sh\n"
        "  --set optimizer.learning_rate=0.1\n"
        "  ```\n\n"
        "- **note** Pass `x` and `y`."
    )


def test_a_verdict_in_text() -> None:
    lines = notebook.text(VERDICT).splitlines()
    assert lines[0] == "OPTIMIZATION FAILURE: The training loss does not fall."
    assert "try first a larger layer:" in lines
    assert "or        --set optimizer.learning_rate=0.1  (a larger rate)" in lines


def test_of_many_remedies_the_first_ones_are_shown() -> None:
    remedies = tuple(Remedy({}, f"remedy {number}", "x", "y = 1") for number in range(5))
    verdict = replace(VERDICT, remedies=remedies)
    text = notebook.text(verdict)
    assert "try first remedy 0:" in text
    assert text.count("\nor ") == 3
    assert "or        2 more: verdict.remedies" in text
    assert "or 2 more: verdict.remedies" in Page(notebook.html(verdict)).text
    assert "- **or** 2 more: `verdict.remedies`" in notebook.markdown(verdict)
    assert "try remedy 0" in Page(notebook.html(replace(verdict, remedies=remedies[:1]))).text


def test_a_verdict_of_no_epoch_has_no_empty_title() -> None:
    assert "<strong></strong>" not in notebook.html(replace(VERDICT, epoch=None))


def test_a_run_has_its_verdict_its_curves_and_its_layers(overfitted: Run) -> None:
    page = Page(notebook.html(overfitted))
    assert "config, finished" in page.text
    assert "overfitting" in page.text
    assert "batch size 100" in page.text
    assert "loss (categorical crossentropy)" in page.text
    assert "accuracy, %" in page.text
    assert page.text.count("epoch 3, kept") == 2
    # Two panels, each with three lines in its legend.
    assert page.tags.count("img") == 8
    assert page.tags.count("details") == 1
    assert "7 layers, 648,010 parameters" in page.text
    assert "392,500" in page.text
    markdown = notebook.markdown(overfitted)
    assert "**overfitting**" in markdown
    assert "| dense\\_1 | dense | 500 | - | 392,500 |" in markdown
    assert "OVERFITTING: " in notebook.text(overfitted)


def test_a_run_without_an_epoch(run: MakeRun) -> None:
    page = Page(notebook.html(run(status="failed", reason="out of memory")))
    assert "config, failed: out of memory" in page.text
    assert "img" not in page.tags


def test_a_history_shows_its_run(overfitted: Run) -> None:
    overfitted = replace(overfitted, facts={**overfitted.facts, "engine": {"loop": "xla"}})
    history = FakeHistory({}, overfitted, diagnose(overfitted))
    page = Page(notebook.html(history))
    assert "overfitting" in page.text
    assert "loop xla" in page.text
    assert "OVERFITTING" in notebook.text(history)


def test_a_history_that_was_not_recorded_shows_its_last_epoch() -> None:
    logs = {"loss": [1.0, 0.5, 0.25], "val_accuracy": [0.5, 0.75, 0.7], "x": []}
    history = FakeHistory(logs, engine=FakeEngine("fit", "Keras' own fit trains."))
    page = Page(notebook.html(history))
    assert "3 epochs, not recorded" in page.text
    assert "loop fit: Keras' own fit trains." in page.text
    assert "| val\\_accuracy | 0.7 | 0.75 | 2 |" in notebook.markdown(history)
    assert notebook.text(history).splitlines() == [
        "metric        last  best  in epoch",
        "loss          0.25  0.25         3",
        "val_accuracy   0.7  0.75         2",
    ]
    assert "0 epochs, not recorded" in Page(notebook.html(FakeHistory({}))).text


def test_curves_that_were_not_recorded_have_a_verdict_too() -> None:
    history = FakeHistory({"loss": [1.0]}, verdict=VERDICT)
    assert "optimization failure" in Page(notebook.html(history)).text
    assert "OPTIMIZATION FAILURE: The training loss does not fall." in notebook.text(history)


def test_a_comparison_has_intervals_as_numbers_and_pictures(comparison: Comparison) -> None:
    page = Page(notebook.html(comparison))
    assert "val_accuracy: 2 groups" in page.text
    assert page.tags.count("img") == 2
    assert "adam beats" in page.text
    assert "| 1 | adam | 0.91 " in notebook.markdown(comparison)
    assert notebook.text(comparison).splitlines()[0].startswith("rank  optimizer  val_accuracy")


def test_a_comparison_without_a_value_has_no_pictures() -> None:
    runs = [make_summary(math.nan, seed, "diverged", depth=seed) for seed in range(2)]
    page = Page(notebook.html(compare(runs)))
    assert "1 diverged" in page.text or "diverged" in page.text
    assert "img" not in page.tags


EVIL_VERDICT = replace(
    VERDICT,
    summary=EVIL,
    causes=(Cause(EVIL, "K1", 1.0, EVIL),),
    remedies=(Remedy({EVIL: EVIL}, EVIL, "x"), Remedy({}, EVIL, "x", f"```\n{EVIL}")),
    notes=(EVIL,),
)


def evil_things() -> list[notebook.Shown]:
    evil_run = make_run(PLAIN, loss=[1.0], accuracy=[0.5], reason=EVIL, data={"warning": EVIL})
    return [
        EVIL_VERDICT,
        evil_run,
        FakeHistory({EVIL: [1.0]}),
        FakeHistory({}, evil_run, EVIL_VERDICT),
        FakeHistory({"loss": [1.0]}, engine=FakeEngine(EVIL, EVIL)),
        compare(make_summary(0.5, optimizer=EVIL + str(n)) for n in range(2)),
    ]


@pytest.mark.parametrize("thing", evil_things(), ids=lambda thing: type(thing).__name__)
def test_names_and_texts_are_no_html(thing: notebook.Shown) -> None:
    html = notebook.html(thing)
    page = Page(html)
    assert "alert('1')" in page.text
    assert not {"script", "svg", "iframe", "a"} & set(page.tags)
    assert not any(name.startswith("on") for name, _ in page.attributes)
    # JupyterLab makes no formulas of what stands between dollars.
    assert 'class="kerasdemo tex2jax_ignore mathjax_ignore"' in html
    assert not set("\x1b\ud800\u202e") & set(html)
    markdown = notebook.markdown(thing)
    outside = re.sub(r"^ *(`{3,})[^`\n]*\n.*?^ *\1$", "", markdown, flags=re.DOTALL | re.MULTILINE)
    assert "<script>" not in re.sub("`[^`]*`", "", outside)
    assert not set("\x1b\ud800\u202e") & set(markdown)
    markdown.encode()


def test_the_style_is_of_its_own_class_only(overfitted: Run) -> None:
    style = re.search("<style>(.*?)</style>", notebook.html(overfitted), re.DOTALL)
    assert style is not None
    selectors = [part for rule in style[1].split("}") for part in rule.split("{")[0].split(",")]
    assert all(one.strip().startswith(".kerasdemo") for one in selectors if one.strip())


def test_what_matters_needs_no_style_sheet(overfitted: Run) -> None:
    html = re.sub("<style>.*?</style>", "", notebook.html(overfitted), flags=re.DOTALL)
    assert 'style="background-color:#B34700;color:#ffffff' in html


def test_any_size_fits_a_notebook() -> None:
    long = EVIL * 500
    verdict = replace(
        EVIL_VERDICT,
        causes=tuple(Cause(long, "K1", 1.0, long) for _ in range(50)),
        remedies=tuple(Remedy({}, long, "x", long) for _ in range(50)),
    )
    deep = make_run(
        PLAIN + "network: {depth: 300, units: 3}",
        loss=[1.0 / n for n in range(1, 3000)],
        accuracy=[0.5] * 2999,
        val_loss=[math.nan, 1.0] * 1499,
        val_accuracy=[0.5] * 2999,
    )
    many = compare(
        make_summary(0.001 * n, optimizer=f"{n}{'&' * 9000}", depth=n) for n in range(500)
    )
    things: list[notebook.Shown] = [
        verdict,
        deep,
        many,
        FakeHistory({f"{n}{long}": [1.0] * 2000 for n in range(500)}),
    ]
    for thing in things:
        html, markdown = notebook.html(thing), notebook.markdown(thing)
        assert len(html.encode()) <= MOST_BYTES
        assert len(markdown.encode()) <= MOST_BYTES
        Page(html)
    assert "more than a notebook should hold" in notebook.html(verdict)
    assert "more rows" in notebook.html(many)
    assert "0.499" in Page(notebook.html(many)).text


def test_a_run_of_curves_alone() -> None:
    setup = Setup("log.csv", loss={"name": "unknown"}, optimizer={"name": "unknown"})
    run = Run(None, History(loss=(2.0, 1.0), val_loss=(2.0, 3.0)), declared=setup)
    page = Page(notebook.html(run))
    assert "log.csv, unfinished" in page.text
    assert "unknown" not in page.text
    assert "details" not in page.tags
