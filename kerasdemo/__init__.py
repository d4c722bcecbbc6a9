"""Train networks from YAML with Keras, and find out whether they overfit or fail to optimize.

    import kerasdemo

    run = kerasdemo.run("configs/quickstart.yaml", overrides={"training.epochs": 5})
    print(kerasdemo.diagnose(run).summary)

Names are resolved when they are first used: importing kerasdemo costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kerasdemo.api import CheckResult as CheckResult
    from kerasdemo.api import check as check
    from kerasdemo.api import compare as compare
    from kerasdemo.api import diagnose as diagnose
    from kerasdemo.api import diff as diff
    from kerasdemo.api import list_runs as list_runs
    from kerasdemo.api import load_config as load_config
    from kerasdemo.api import load_experiment as load_experiment
    from kerasdemo.api import read_run as read_run
    from kerasdemo.api import run as run
    from kerasdemo.api import run_sanity_checks as run_sanity_checks
    from kerasdemo.api import sweep as sweep
    from kerasdemo.api import tune as tune
    from kerasdemo.config import InputError as InputError
    from kerasdemo.config import RunConfig as RunConfig
    from kerasdemo.config import parse as parse_config  # noqa: F401
    from kerasdemo.diagnosis import Verdict as Verdict
    from kerasdemo.records import Run as Run

    __version__: str

# name -> module:name
_PLACES = {
    **{
        name: f"kerasdemo.api:{name}"
        for name in (
            *("check", "compare", "diagnose", "diff", "list_runs", "load_config"),
            *("load_experiment", "read_run", "run", "run_sanity_checks", "sweep", "tune"),
            "CheckResult",
        )
    },
    "InputError": "kerasdemo.config:InputError",
    "RunConfig": "kerasdemo.config:RunConfig",
    "parse_config": "kerasdemo.config:parse",
    "Verdict": "kerasdemo.records.verdict:Verdict",
    "Run": "kerasdemo.records:Run",
}

__all__ = sorted((*_PLACES, "__version__"))


def __getattr__(name: str) -> Any:
    value: Any
    if name == "__version__":
        from importlib.metadata import version

        value = version("kerasdemo")
    elif name in _PLACES:
        module, _, attribute = _PLACES[name].partition(":")
        value = getattr(import_module(module), attribute)
    else:
        raise AttributeError(f"module 'kerasdemo' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
