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
