"""Train the networks of Hung-yi Lee's lectures from YAML and say what is wrong with them.

    from kerasdemo import load_config, run, diagnose

    result = run(load_config("configs/quickstart.yaml"))
    print(diagnose(result).summary)

Names are resolved when they are first used: importing kerasdemo costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kerasdemo.config import InputError as InputError
    from kerasdemo.config import RunConfig as RunConfig
    from kerasdemo.config import load as load_config  # noqa: F401
    from kerasdemo.config import parse as parse_config  # noqa: F401
    from kerasdemo.diagnosis import Verdict as Verdict
    from kerasdemo.diagnosis import diagnose as diagnose
    from kerasdemo.records import Run as Run
    from kerasdemo.records import read as read_run  # noqa: F401
    from kerasdemo.training.runner import run as run

_PLACES = {
    "InputError": ("kerasdemo.config", "InputError"),
    "Run": ("kerasdemo.records", "Run"),
    "RunConfig": ("kerasdemo.config", "RunConfig"),
    "Verdict": ("kerasdemo.diagnosis", "Verdict"),
    "diagnose": ("kerasdemo.diagnosis", "diagnose"),
    "load_config": ("kerasdemo.config", "load"),
    "parse_config": ("kerasdemo.config", "parse"),
    "read_run": ("kerasdemo.records", "read"),
    "run": ("kerasdemo.training.runner", "run"),
}

__all__ = sorted(_PLACES)


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'kerasdemo' has no attribute {name!r}")
    module, attribute = _PLACES[name]
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
