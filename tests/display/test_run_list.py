"""The table of runs."""

from kerasdemo.display.run_list import describe_settings, fit
from kerasdemo.records import Scalar


def test_what_few_runs_share_stands_first() -> None:
    settings: list[dict[str, Scalar]] = [
        {"training.epochs": 20, "optimizer.name": name} for name in ("sgd", "sgd", "adam")
    ]
    settings[1]["training.epochs"] = 5
    assert describe_settings(settings) == [
        "epochs=20, optimizer=sgd",
        "epochs=5, optimizer=sgd",
        "optimizer=adam, epochs=20",
    ]


def test_regressions_have_r2_and_others_accuracy() -> None:
    names = ("run", "accuracy", "val_accuracy", "r2", "test_r2", "differs")
    rows = [
        dict(zip(names, cells, strict=True))
        for cells in (("a", 0.5, None, None, None, ""), ("b", None, None, 0.9, -2.5, ""))
    ]
    columns = [list(fit(some, 200)[0]) for some in (rows[:1], rows[1:], rows)]
    assert columns == [
        ["run", "accuracy", "val_accuracy", "differs"],
        ["run", "r2", "test_r2", "differs"],
        list(names),
    ]


def test_a_narrow_terminal_loses_minor_columns_and_the_ends_of_long_texts() -> None:
    row = {"run": "x" * 30, "data": "mnist", "val_accuracy": 0.5, "differs": "y" * 100}
    (wide,) = fit([row], 200)
    assert wide == row
    (narrow,) = fit([row], 80)
    assert list(narrow) == ["run", "val_accuracy", "differs"]
    assert narrow["run"] == row["run"]
    assert narrow["differs"].endswith("y…")
    (tiny,) = fit([row], 40)
    assert tiny["run"].endswith("x…")
