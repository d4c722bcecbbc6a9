"""The JSON Schema of a run config, from its types: what editors complete and check YAML with."""

import json
from typing import Any

from kerasdemo.config.types import RunConfig


def schema_text() -> str:
    """Return configs/schema.json's text."""
    schema = RunConfig.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    _allow_names(schema)
    return json.dumps(schema, indent=1) + "\n"


def _allow_names(node: Any) -> None:
    """A name alone stands for {name: ...}: say so wherever one of Keras' objects is expected."""
    if isinstance(node, dict):
        names = sorted(node.get("discriminator", {}).get("mapping", {}))
        by_name = node.get("discriminator", {}).get("propertyName") == "name"
        for inner in node.values():
            _allow_names(inner)
        if by_name:
            del node["discriminator"]
            # The name may be left out of a mapping where there is a usual one.
            node["anyOf"] = [{"enum": names}, *node.pop("oneOf")]
    elif isinstance(node, list):
        for inner in node:
            _allow_names(inner)
