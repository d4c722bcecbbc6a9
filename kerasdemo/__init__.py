"""Train networks from YAML with Keras, and find out whether they overfit or fail to optimize.

    import kerasdemo

    run = kerasdemo.run("configs/quickstart.yaml", overrides={"training.epochs": 5})
    print(kerasdemo.diagnose(run).summary)

Names are resolved when they are first used: importing kerasdemo costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kerasdemo.api import (
        CheckResult,
        InputError,
        RunConfig,
        check,
        compare,
        diagnose,
        diff,
        errors,
        learning_rates,
        list_runs,
        load_config,
        load_experiment,
        parse_config,
        predict,
        read_run,
        remove,
        report,
        restore,
        run,
        run_sanity_checks,
        sweep,
        tag,
        to_csv,
        to_tensorboard,
        tune,
    )
    from kerasdemo.models import History, Recorder, fit
    from kerasdemo.records import Run
    from kerasdemo.records.verdict import Verdict

    __version__: str

__all__ = [
    "CheckResult",
    "History",
    "InputError",
    "Recorder",
    "Run",
    "RunConfig",
    "Verdict",
    "__version__",
    "check",
    "compare",
    "diagnose",
    "diff",
    "errors",
    "fit",
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
    "run_sanity_checks",
    "sweep",
    "tag",
    "to_csv",
    "to_tensorboard",
    "tune",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("kerasdemo")
    if name not in __all__:
        raise AttributeError(f"module 'kerasdemo' has no attribute {name!r}")
    room = {"Run": "kerasdemo.records", "Verdict": "kerasdemo.records.verdict"}
    room |= dict.fromkeys(("History", "Recorder", "fit"), "kerasdemo.models")
    return getattr(import_module(room.get(name, "kerasdemo.api")), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
