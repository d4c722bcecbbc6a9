"""Configs: types, strict YAML with line numbers, dotted overrides, lint."""

from kerasdemo.config.errors import Fault, InputError
from kerasdemo.config.loading import load, parse, recorded
from kerasdemo.config.types import RunConfig

__all__ = ["Fault", "InputError", "RunConfig", "load", "parse", "recorded"]
