"""From a remedy to a config: the same run with the change."""

import shlex
from collections.abc import Mapping
from typing import Any

import yaml

from kerasdemo.config import RunConfig, parse
from kerasdemo.config.document import dump


def patched(config: RunConfig, patch: Mapping[str, Any], name: str | None = None) -> RunConfig:
    """Return a config with {dotted path: value} set, as `--set` would.

    Raises:
        InputError: where the change does not fit the config.
    """
    text = dump(config.resolved | {"name": name or config.name})
    file = config._document.file if config._document else "config.yaml"
    return parse(text, file, overrides(patch))


def overrides(patch: Mapping[str, Any]) -> list[str]:
    """Return {dotted path: value} as what `--set` takes: `key=value` each."""
    return [f"{key}={_inline(value)}" for key, value in patch.items()]


def options(patch: Mapping[str, Any]) -> str:
    """Return {dotted path: value} as options that can be pasted into bash and zsh."""
    return " ".join(f"--set {shlex.quote(text)}" for text in overrides(patch))


def _inline(value: Any) -> str:
    """Write a value as YAML on one line; JSON is YAML, but for numbers such as 1e-05."""
    written: str = yaml.safe_dump(value, default_flow_style=True, width=10**6)
    return written.removesuffix("\n").removesuffix("\n...")


def as_yaml(config: RunConfig, header: str = "") -> str:
    """Return a config as the YAML that a run of it takes; every line of `header` as a comment."""
    comments = "".join(f"# {line}\n" for line in header.splitlines())
    return comments + dump(config.resolved)
