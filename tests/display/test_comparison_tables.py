"""A comparison as text."""

import csv
import io
import json
from dataclasses import replace
from typing import Any

import pytest

from kerasdemo.comparison.claims import Claim, ClaimCheck
from kerasdemo.comparison.comparison import compare
from kerasdemo.comparison.statistics import interval
from kerasdemo.display.comparison_tables import MOST_PAIRS, render, sentences, table
from tests.factories import make_loss_summary, make_summary

MSE, CROSS = "mean_squared_error", "categorical_crossentropy"


def runs() -> list[Any]:
    values = {0.1: (0.9, 0.91, 0.92), 0.2: (0.5, 0.51, 0.52)}
    known = [
        make_summary(v, seed, optimizer__learning_rate=rate)
        for rate, accuracies in values.items()
        for seed, v in enumerate(accuracies)
    ]
    return [*known, make_summary(0.99, 0, "diverged", optimizer__learning_rate=0.3)]


def test_a_table_has_the_keys_that_differ_and_names_what_diverged() -> None:
    columns, rows = table(compare(runs()))
    assert columns[:4] == ["rank", "learning_rate", "val_accuracy", "seeds"]
    assert [row[:3] for row in rows] == [
        ["1", "0.1", "0.91 [0.8852, 0.9348]"],
        ["2", "0.2", "0.51 [0.4852, 0.5348]"],
        ["3", "0.3", "1 of 1 diverged"],
    ]


def test_named_groups_have_their_name() -> None:
    columns, rows = table(compare([make_summary(0.5, name=n, x=n) for n in ("a", "b")]))
    assert columns[:2] == ["rank", "group"]
    assert [row[1] for row in rows] == ["a", "b"]


def test_sentences() -> None:
    lines = sentences(
        compare([*runs(), make_summary(0.1, 9, "unfinished", optimizer__learning_rate=0.1)])
    )
    assert lines[0].startswith("learning_rate=0.1 beats learning_rate=0.2 by 0.4 [0.4")
    assert any("at the edge of what was tried" in sentence for sentence in lines)
    assert lines[-1] == "1 runs that have not ended are left out"


def test_of_many_pairs_only_the_first_are_described() -> None:
    many = [make_summary(x / 100, s, x=x) for x in range(30) for s in (0, 1)]
    assert f"... and {29 - MOST_PAIRS} more, in --format csv" in sentences(compare(many))


def test_csv_and_json_have_every_number() -> None:
    comparison = compare(runs())
    rows = list(csv.DictReader(io.StringIO(render(comparison, "csv"))))
    assert [row["optimizer.learning_rate"] for row in rows] == ["0.1", "0.2", "0.3"]
    assert float(rows[1]["best_minus_this"]) == pytest.approx(0.4)
    lines = json.loads(render(comparison, "json"))
    assert lines["keys"] == ["optimizer.learning_rate"]
    assert lines["groups"][2]["mean"] is None
    assert lines["groups"][2]["diverged"] == 1


def test_runs_on_the_sample_have_a_caution() -> None:
    def run(source: str, x: int, seed: int) -> Any:
        return replace(make_summary(0.5 + x / 10, seed, data__name="mnist", x=x), source=source)

    some = compare([run("mnist" if x else "mnist_sample", x, s) for x in (0, 1) for s in (0, 1)])
    columns, rows = table(some)
    assert [row[columns.index("data")] for row in rows] == [
        "mnist",
        "mnist_sample, stands in for MNIST",
    ]
    assert sentences(some)[0].startswith("CAUTION: 2 of 4 runs used the bundled sample")
    every = compare([run("mnist_sample", x, 0) for x in (0, 1)])
    assert "CAUTION: all runs used the bundled sample" in render(every, "markdown")
    assert json.loads(render(every, "json"))["cautions"]
    assert "stands in for MNIST" in render(every, "csv")
    asked_for = replace(make_summary(0.5, data__name="mnist_sample"), source="mnist_sample")
    assert "data" not in table(compare([asked_for]))[0]


def test_a_group_counts_its_runs_on_the_sample() -> None:
    sources = ("mnist", "mnist_sample", "mnist_sample")
    pooled = [
        replace(make_summary(0.5, s, data__name="mnist"), source=source)
        for s, source in enumerate(sources)
    ]
    columns, rows = table(compare(pooled))
    assert rows[0][columns.index("data")] == (
        "mnist, mnist_sample, stands in for MNIST in 2 of 3 runs"
    )


def test_a_key_named_like_a_column_keeps_its_own() -> None:
    data = [make_summary(0.5, data__name=name) for name in ("circles", "blobs")]
    columns, rows = table(compare(data))
    assert sorted(row[columns.index("data")] for row in rows) == ["blobs", "circles"]
    sampled = [
        replace(make_summary(0.5, data__name=name, x=x), source=source)
        for x, (name, source) in enumerate((("mnist", "mnist_sample"), ("circles", "circles")))
    ]
    columns, rows = table(compare(sampled))
    names = [row[columns.index("data.name")] for row in rows]
    assert sorted(names) == ["circles", "mnist"]
    assert rows[names.index("mnist")][columns.index("data")] == "mnist_sample, stands in for MNIST"


def test_nobody_beats_another_loss() -> None:
    runs = [
        make_loss_summary(v, s, loss__name=n)
        for n, v in ((MSE, 0.1), (CROSS, 1.5))
        for s in range(3)
    ]
    comparison = compare(runs, "val_loss")
    lines = sentences(comparison)
    assert not any(" beats " in text or " ahead " in text for text in lines)
    assert any("no common scale" in text for text in lines)
    columns, rows = table(comparison)
    assert "rank" not in columns
    assert [row[columns.index("loss")] for row in rows] == [CROSS, MSE]
    groups = json.loads(render(comparison, "json"))["groups"]
    assert [(row["rank"], row["scale"]) for row in groups] == [(None, 1), (None, 2)]
    more = [
        make_loss_summary(v + s / 1e4, s, loss__name=name, x=x)
        for name, x, v in ((MSE, 1, 0.1), (MSE, 2, 0.2), (CROSS, 1, 1.5), (CROSS, 2, 1.9))
        for s in range(3)
    ]
    lines = [text for text in sentences(compare(more, "val_loss")) if " beats " in text]
    assert [text.split(" by ")[0] for text in lines] == [
        f"loss={name}, x=1 beats loss={name}, x=2" for name in (CROSS, MSE)
    ]


def test_text_of_a_run_breaks_no_table_and_starts_no_formula() -> None:
    names = ("=HYPERLINK(1)", "+1", "@x", "-2+3", "a|b", "<b>c")
    comparison = compare([make_summary(0.5, x=name) for name in names])
    cells = {row["x"] for row in csv.DictReader(io.StringIO(render(comparison, "csv")))}
    assert cells == {"'=HYPERLINK(1)", "'+1", "'@x", "'-2+3", "a|b", "<b>c"}
    text = render(comparison, "markdown")
    assert "| a\\|b |" in text
    assert "| &lt;b>c |" in text
    assert "<b>" not in text


def test_one_seed_is_named_as_one() -> None:
    lines = sentences(compare([make_summary(v, 0, x=v, examples=1000) for v in (0.5, 0.9)]))
    assert lines[0] == (
        "x=0.9 is ahead of x=0.5 by 0.4 [0.3631, 0.4353], seen once, needs at least 2 more seeds"
    )
    assert "with one seed an interval is of the examples alone, not of other seeds" in lines


def test_markdown_is_a_table() -> None:
    lines = render(compare(runs()), "markdown").splitlines()
    assert lines[0].startswith("| rank | learning_rate | val_accuracy |")
    assert len({line.count("|") for line in lines[:5]}) == 1


def test_claims_stand_below_the_text_and_as_data_in_json() -> None:
    claim = Claim(statement="a | b", runs="a", verdict="healthy")
    check = ClaimCheck(claim, "held", interval([0.5, 0.6, 0.7]), runs=3, verdicts={"healthy": 3})
    comparison = compare(runs())
    last = "a | b: 3 of 3 runs (healthy 3); val_accuracy 0.6 [0.3516, 0.8484]"
    assert render(comparison, "table", [check]).splitlines()[-1] == f"HELD: {last}"
    markdown = render(comparison, "markdown", [check]).splitlines()[-1]
    assert markdown == f"- HELD: {last}".replace("|", "\\|")
    (data,) = json.loads(render(comparison, "json", [check]))["claims"]
    assert (data["claim"]["statement"], data["status"], data["value"]["n"]) == ("a | b", "held", 3)
