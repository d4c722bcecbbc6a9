"""The JSON Schemas of configs and experiments, from their types: editors check YAML with them."""

import json
from typing import Any

from pydantic import BaseModel

from kerasdemo.config import keras_arguments, layer_types
from kerasdemo.config.types import RunConfig


def schema_text(root: type[BaseModel] = RunConfig) -> str:
    """Return the text of a type's JSON Schema: configs/schema.json, experiments/schema.json."""
    schema = root.model_json_schema()
    if root is RunConfig:
        _add_base(schema)
    else:
        _complete_experiment(schema)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    for kind in schema["$defs"].values():
        _describe(kind)
    _allow_names(schema)
    _share(schema)
    return json.dumps(schema, indent=1) + "\n"


def _describe(kind: dict[str, Any]) -> None:
    """Describe each argument as Keras does, where the type does not describe it."""
    properties = kind.get("properties", {})
    tag = properties.get("name", properties.get("type", {}))
    names = tag.get("enum", [tag.get("const", kind.get("title"))])
    texts = keras_arguments.texts()
    if "const" in tag or "enum" in tag:
        summaries = [f"{name}: {texts[name]['']}" for name in names if name in texts]
        tag.setdefault("description", ". ".join(summaries) or kind.get("description", "its name"))
        tag["enum"] = [*names, *_spellings(names)]
        tag.pop("const", None)
    if "ignore_class" in properties:  # Keras' docstring does not describe it
        properties["ignore_class"].setdefault("description", "a class that the loss leaves out")
    if tag.get("enum", [""])[0] in layer_types.BLOCKS:  # which a config has no type for
        del properties["type"]
        kind["required"].remove("type")
    for argument, described in properties.items():
        # A few arguments are described under another name only: Muon's are those of all.
        known = [texts[n][argument] for n in (*names, "adam") if argument in texts.get(n, {})]
        if known and not described.get("description", "").startswith("null = the network"):
            more = described.get("description")
            described["description"] = f"{known[0]}; {more}" if more else known[0]
        elif argument in UNDESCRIBED:
            described.setdefault("description", UNDESCRIBED[argument])


# Arguments of augmentation layers, which Keras' docstrings describe in other ways.
UNDESCRIBED = {
    **dict.fromkeys(
        ("factor", "brightness_factor", "contrast_factor", "saturation_factor", "hue_factor"),
        "how much it may change: up to a number, or between two",
    ),
    **dict.fromkeys(("x_factor", "y_factor"), "how much it may shear along this axis"),
    **dict.fromkeys(
        ("height_factor", "width_factor"), "share of this side: up to a number, or between two"
    ),
    **dict.fromkeys(("height", "width"), "of the images that it gives"),
    "value_range": "the lowest and the highest value of a pixel",
    "interpolation": "between pixels",
    "fill_mode": "what lies outside the image",
    "fill_value": "of pixels outside the image",
    "scale": "how far, or between which shares of the image",
    "num_chains": "chains of changes that are mixed",
    "chain_depth": "changes in a chain",
    "num_ops": "changes of each image",
    "alpha": "of the Beta and Dirichlet distributions that mix",
    "all_ops": "whether it changes brightness, contrast, color and sharpness, too",
    "dilation_rate": "gaps between the values that a kernel reads",
    "output_padding": "added to one end of each side",
    "mask_value": "of steps that the layers behind leave out",
    "mode": "along which axes",
    "kernel_size": "of the window",
    "sigma": "of the Gaussian: up to a number, or between two",
    "antialias": "whether making an image smaller blurs it first",
}


def _add_base(schema: dict[str, Any]) -> None:
    """Add the key that reading a config takes away: what it builds on."""
    text = "a config's file, relative to this one, whose values count where this one says nothing"
    schema["properties"] = {"base": {"type": "string", "description": text}} | schema["properties"]


def _complete_experiment(schema: dict[str, Any]) -> None:
    """Add what reading an experiment accepts: no name, seeds as a range, a config as base."""
    schema["required"] = [key for key in schema.get("required", []) if key != "name"]
    properties = schema["properties"]
    seeds = properties["seeds"]["anyOf"]
    seeds.insert(0, {"type": "string", "pattern": "^[0-9]+-[0-9]+$"})
    # Inside this file: the schema is of use outside the repository, too.
    config = RunConfig.model_json_schema()
    _add_base(config)
    schema["$defs"] = config.pop("$defs") | schema["$defs"] | {"RunConfig": config}
    configs = {"$ref": "#/$defs/RunConfig"}
    properties["base"]["anyOf"] = [{"type": "string"}, configs, {"type": "null"}]


KINDS = (
    *("activations", "initializers", "constraints", "losses", "optimizers", "layers"),
    *("schedules", "metrics"),
)


def _spellings(names: list[str]) -> list[str]:
    """Return other spellings of these names: Conv2D, mse."""
    others = [*layer_types.EXTRA_CLASS_NAMES.items()]
    for kind in KINDS:
        others += [
            *keras_arguments.class_names(kind).items(),
            *keras_arguments.aliases(kind).items(),
        ]
    return list(dict.fromkeys(other for other, name in others if name in names))


def _allow_names(node: Any) -> None:
    """Allow a name alone wherever one of Keras' objects is expected."""
    if isinstance(node, dict):
        names = sorted(node.get("discriminator", {}).get("mapping", {}))
        key = node.get("discriminator", {}).get("propertyName")
        for inner in node.values():
            _allow_names(inner)
        if key:
            del node["discriminator"]
        if key == "name":
            names += _spellings(names)
            # The name may be left out of a mapping where there is a default one.
            node["anyOf"] = [{"enum": names}, *node.pop("oneOf")]
    elif isinstance(node, list):
        for inner in node:
            _allow_names(inner)


def _share(schema: dict[str, Any]) -> None:
    """Write what many arguments may be, such as every initializer, once, and refer to it."""
    shared: dict[str, str] = {}

    def visit(node: Any) -> None:
        for inner in node.values() if isinstance(node, dict) else node:
            if isinstance(inner, dict | list):
                visit(inner)
        if isinstance(node, dict) and "enum" in (node.get("anyOf") or [{}])[0]:
            text = json.dumps(node["anyOf"])
            if text not in shared:
                known = next(
                    (
                        k
                        for k in KINDS
                        if keras_arguments.names(k).keys() & set(node["anyOf"][0]["enum"])
                    ),
                    "names",
                )
                shared[text] = f"{known}_{len(shared) + 1}"
            del node["anyOf"]
            node["$ref"] = f"#/$defs/{shared[text]}"

    visit(schema)
    schema["$defs"] |= {name: {"anyOf": json.loads(text)} for text, name in shared.items()}
