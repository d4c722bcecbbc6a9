"""Mutants of YAML files: what a slip, a broken disk or a stranger could make of them.

A mutant depends on the seed and its number only, so that each can be repeated alone.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kerasdemo.config import keras_arguments

Path_ = tuple[str | int, ...]

# Bytes that no text file should hold, syntax of YAML, and text that only looks like a number.
BYTES = (
    *(b"\x00", b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", b"\xe2\x80\xae", b"\xef\xbb\xbf", b"\x85"),
    *(b"\x1b]0;title\x07", b"\x1b[2J\x1b[31m", b"\x9b31m", b'"\\x1b[2J"', b'"\\ud800"', b"\x7f"),
    *(b"\t", b"\r", b"\n", b"\n\n---\n", b"\n...\n", b"%YAML 9.9\n---\n", b"# ", b" ", b"  "),
    *(b"!!python/object:os.system ", b"!!python/object/apply:os.abort []", b"!!set ", b"!!binary "),
    *(b"!!timestamp ", b"!!int ", b"!!float ", b"!!bool ", b"!!null ", b"!!map ", b"!!seq "),
    *(b"!local ", b"! ", b"!<tag:x,2000:y> ", b"&anchor ", b"*anchor ", b"<<: *anchor\n", b"? "),
    *(b"- ", b": ", b"{", b"}", b"[", b"]", b'"', b"'", b"|", b">"),
    *(b"|9\n", b"@", b"`", b"=", b","),
    *(b"[" * 3_000, b"{a: " * 2_000, b"- " * 3_000, b"? " * 3_000, b"k" * 5_000, b"&a [*a, " * 50),
    *(b"9" * 400, b"9" * 5_000, b"1e400", b"-1e400", b".nan", b".inf", b"-.inf", b"0x1f", b"1_000"),
    *(b"0o17", b"010", b"1:30", b"2024-01-01", b"~", b"null", b"true", b"no", b"\xc2\xb2", b"-0"),
    b"".join(b"key%d: 1\n" % number for number in range(3_000)),
)
WORDS = (
    *("", " ", "x" * 5_000, "\x1b]0;title\x07", "\x1b[31mred\x1b[0m", "\x9b2J", "\0", "\ud800"),
    *("\u202egnp.exe", "a\nb\tc\rd", "é中", "²", "~nobody/x.npz", "~", "/dev/zero", "/dev/full"),
    *("fifo", "/", ".", "..", "../../..", "a/b", "con", "-rf", "=HYPERLINK(1)", "<b>|</b>", "%s%n"),
    *("{0}", "$HOME", "0-4", "4-0", "0-99999999999999999999", "0-999999999", "0," * 3_000, "1e400"),
    *("nan", "null", "true", "adam", "relu", "maxout", "mse", "hinge", "file", "circles", "mnist"),
    *("conv2d", "Conv2D", "val_loss", "loss", "categorical_crossentropy", "binary_crossentropy"),
    *("network.units", "network.layers.0.units", "data.path", "optimizer", "a..b", ".", "seed.x"),
    *("csv", "parquet", "image_folder", "imdb", "california_housing", "regression", "multi_label"),
    *("impute", "drop", "balanced", "grayscale", "standardize", "mean_squared_error", "auc"),
    *("cosine_decay", "piecewise_constant_decay", "gru", "embedding", "residual", "repeat", "same"),
    *("origin", "mpg", "../data/mpg.csv", "../data/shapes", "../quickstart.yaml", "mutant.yaml"),
)
NUMBERS = (
    *(0, 1, 2, 3, -1, 7, 100, 1_001, 10**4, 10**5, 10**7, 10**7 + 1, 2**31, 2**63, -(2**63)),
    *(10**18, 10**400, 0.0, -0.0, 0.5, 0.1, 1.0, 1e-320, 1e308, 1e30, float("nan"), float("inf")),
)


def _nested(depth: int) -> Any:
    value: Any = 1
    for number in range(depth):
        value = [value] if number % 2 else {"a": value}
    return value


TREES = (
    *([], {}, [[]], [{}], {"": 1}, {"name": {}}, {"name": None}, {"name": 5}, {"type": "dense"}),
    *({"name": "sgd", "learning_rate": "x"}, {"name": "file", "path": "fifo"}, {"l1": -1}),
    *({"name": "file", "path": "/dev/zero"}, {"low": 0, "high": 1}, {"low": 1, "high": 0}),
    *({"monitor": "val_loss", "patience": -1}, [1, "a", None, {}], list(range(2_000)), _nested(60)),
    {f"key{number}": number for number in range(2_000)},
    *({"repeat": {"times": 3, "layers": []}}, {"repeat": {"times": 10**7}}, {"residual": []}),
    *({"residual": [{"type": "flatten"}]}, {"type": "gru", "units": 3}, {"name": "cosine_decay"}),
    *({"name": "exponential_decay", "decay_steps": 0}, [{"name": "auc"}] * 200, {"0": -1, "1": 2}),
)


# Arguments of layers, and what is far too large, too small or of another kind for them.
LAYER_ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "units": (1, 10**7, 0, [3, 4]),
    "filters": (1, 10**7, 0),
    "kernel_size": (1, 3, [3, 3], [3, 3, 3], 10**6, [0, 1]),
    "pool_size": (1, 2, [2, 2], 10**6),
    "strides": (1, 2, [2, 2], 10**6, 0),
    "dilation_rate": (1, 2, 10**6),
    "groups": (1, 7, 10**6),
    "padding": ("same", "valid", "causal", [1, 1], [[0, 10**6], [1, 1]], 10**6),
    "cropping": (1, [[0, 10**6], [1, 1]], 10**6),
    "size": (1, 2, 10**6, [2, 2]),
    "factor": (0.1, 1e30, [0.2, -0.2], [-1, 1]),
    "height": (1, 8, 10**7),
    "width": (1, 8, 10**7),
    "target_shape": ([28, 28, 1], [-1], [-1, -1], [2**40] * 4, [10**5, 10**5], []),
    "dims": ([2, 1], [1, 1], [0], list(range(50))),
    "n": (1, 3, 10**7),
    "axis": (-1, 0, 7, [1, 2], []),
    "rate": (0.0, 0.5, 1.0, 1e30),
    "input_dim": (1, 100, 10**9),
    "output_dim": (1, 16, 10**7),
    "return_sequences": (True, False),
    "num_heads": (1, 10**7),
    "rank": (0, 2),
    "activation": ("relu", "softmax", "maxout", "x"),
}
# Every layer, some that hold one, and some that Keras has and a config may not.
TYPES = (*keras_arguments.names("layers"), "maxout", "lambda", "input_layer", "add", "Conv2D")


VALUES = (1, 0, -1, 0.5, "x", None, True, [], [1, 2], {}, {"type": "gru", "units": 3}, 10**7)


def layers(rng: random.Random, depth: int = 3) -> list[Any]:
    """Return layers with arguments that may not fit, in blocks that may be nested."""
    made: list[Any] = []
    for _ in range(rng.choice((0, 1, 1, 2, 3, 4))):
        how = rng.random()
        if depth and how < 0.2:
            made.append({"residual": layers(rng, depth - 1)})
        elif depth and how < 0.4:
            times = rng.choice((0, 1, 2, 3, 100, 10**7, -1, "x"))
            made.append({"repeat": {"times": times, "layers": layers(rng, depth - 1)}})
        else:
            made.append(_layer(rng, depth))
    return made


def _layer(rng: random.Random, depth: int) -> dict[str, Any]:
    """Return a layer with what it needs, a few more of its arguments, and seldom a foreign one."""
    kind = rng.choice(TYPES)
    own = keras_arguments.names("layers").get(kind, {})
    further = [name for name in LAYER_ARGUMENTS if name in own or rng.random() < 0.02]
    names = {*keras_arguments.required(kind), *rng.sample(further, min(len(further), 2))}
    values = {name: rng.choice(LAYER_ARGUMENTS.get(name, VALUES)) for name in sorted(names)}
    if "layer" in values and depth:
        values["layer"] = _layer(rng, depth - 1)
    return {"type": kind, **values}


def _blocks(kind: str, depth: int) -> list[Any]:
    inner: list[Any] = [{"type": "dense", "units": 3}]
    for _ in range(depth):
        inner = [{kind: inner if kind == "residual" else {"times": 2, "layers": inner}}]
    return inner


_FOUR = [{"type": "dense", "units": 4, "activation": "softmax"}]
_MPG = {"name": "csv", "path": "../data/mpg.csv", "target": "mpg"}
_PENGUINS = {"name": "csv", "path": "../data/penguins.csv", "target": "species"}
_REVIEWS = {"name": "csv", "path": "../data/reviews.csv", "target": "opinion", "text": "review"}
_IMAGES = {"name": "image_folder", "path": "../data/shapes"}
# The parts of issue 16: layers and blocks, schedules, metrics, weights, bases, tables, images.
LATER_SHAPES: tuple[dict[str, Any], ...] = (
    {"network": {"layers": _blocks("residual", 30)}},
    {"network": {"layers": _blocks("repeat", 30)}},
    {"network": {"layers": _blocks("residual", 60)}},
    {"network": {"layers": [{"repeat": {"times": 10**7, "layers": _FOUR}}]}},
    {"network": {"layers": [{"repeat": {"times": 0, "layers": _FOUR}}]}},
    {"network": {"layers": [{"residual": _FOUR, "repeat": {"times": 2, "layers": _FOUR}}]}},
    {"network": {"layers": [{"repeat": {"times": 2, "layers": _FOUR, "x": 1}}, *_FOUR]}},
    {"network": {"layers": [{"type": "embedding", "input_dim": 3, "output_dim": 8}]}},
    {"network": {"layers": [{"type": "embedding", "input_dim": 10**9, "output_dim": 10**7}]}},
    {"network": {"layers": [{"type": "gru", "units": 10**7}] * 20}},
    {"network": {"layers": [{"type": "up_sampling2d", "size": 10**6}] * 20}},
    {"network": {"layers": [{"type": "zero_padding2d", "padding": 10**7}] * 20}},
    {"network": {"layers": [{"type": "repeat_vector", "n": 10**7}, {"type": "flatten"}]}},
    {"optimizer": {"name": "sgd", "learning_rate": {"name": "cosine_decay"}}},
    {"optimizer": {"learning_rate": {"name": "cosine_decay", "decay_steps": 0}}},
    {"optimizer": {"learning_rate": {"name": "\x1b[2J", "decay_steps": 10**30}}},
    {
        "optimizer": {
            "learning_rate": {
                "name": "piecewise_constant_decay",
                "boundaries": list(range(2_000)),
                "values": [0.1],
            }
        }
    },
    {
        "optimizer": {
            "learning_rate": {
                "name": "exponential_decay",
                "initial_learning_rate": 1e30,
                "decay_steps": 1,
                "decay_rate": 1e30,
            }
        }
    },
    {"optimizer": {"name": "adam", "clipnorm": 1, "clipvalue": 1, "global_clipnorm": 1}},
    {"metrics": ["auc", "auc", {"name": "auc", "num_thresholds": 10**9}]},
    {"metrics": ["auc"] * 2_000},
    {"metrics": [{"name": "top_k_categorical_accuracy", "k": 10**9}, "\x1b[2J", 5, {}, None]},
    {"metrics": [{"name": "f1_score", "average": "x"}, {"name": "precision", "thresholds": 9}]},
    {"metrics": "auc"},
    {"training": {"class_weight": "balanced"}},
    {"training": {"class_weight": {0: 1, "0": 2, "\x1b[2J": 3, -1: 4}}},
    {"training": {"class_weight": {str(n): n for n in range(5_000)}}},
    {"training": {"class_weight": {}}},
    {"task": "regression"},
    {"data": {"name": "mnist_sample", "task": "regression"}},
    {"data": {**_MPG, "task": "classification"}},
    {"data": {**_MPG, "task": "multi_label", "missing": "drop"}},
    {"data": {**_MPG, "missing": "impute", "split_seed": 2**63}},
    {"data": {**_MPG, "missing": "impute", "numeric": ["weight"] * 2_000}},
    {"data": {**_MPG, "missing": "impute", "numeric": [], "categorical": []}},
    {"data": {**_MPG, "missing": "impute", "target": ["mpg", "weight", "mpg"]}},
    {"data": {**_MPG, "missing": "impute", "target": ["\x1b[2J", "x" * 5_000]}},
    {"data": {**_PENGUINS, "missing": "drop", "categorical": ["bill_length_mm"]}},
    {"data": {**_PENGUINS, "missing": "drop", "train": 10**7}},
    {"data": {**_PENGUINS, "missing": "drop", "train": 1, "validation": 0, "test": 340}},
    {"data": {**_PENGUINS, "missing": "impute", "text": "island"}},
    {"data": {**_PENGUINS, "name": "parquet"}},
    {"data": {**_PENGUINS, "path": "../data"}},
    {"data": {**_PENGUINS, "path": "../data/shapes/circle/circle_00.png"}},
    {"data": {**_REVIEWS, "max_tokens": 10**7, "output_sequence_length": 10**7}},
    {"data": {**_REVIEWS, "max_tokens": 1, "output_sequence_length": 1}},
    {"data": {**_REVIEWS, "max_tokens": 2, "train": 10}},
    {"data": {**_IMAGES, "image_size": 10**6}},
    {"data": {**_IMAGES, "image_size": [1, 10**7], "color_mode": "grayscale"}},
    {"data": {**_IMAGES, "image_size": [1, 1, 1]}},
    {"data": {**_IMAGES, "image_size": 8, "validation": 250, "test": 250}},
    {"data": {**_IMAGES, "path": "../data"}},
    {"data": {**_IMAGES, "path": "../data/mpg.csv"}},
    {"data": {"name": "imdb", "path": "../data/mpg.csv", "max_tokens": 100}},
    {"data": {"name": "cifar10", "path": "fifo"}},
    {"data": {"name": "california_housing", "path": "/dev/zero"}},
    {"base": "mutant.yaml"},
    {"base": "./../configs/../configs/mutant.yaml"},
    {"base": "../examples/warmup_schedule.yaml", "network": {"layers": _FOUR}},
    {"base": "../configs/examples/table_regression.yaml", "data": None},
    {"base": ["mutant.yaml"]},
    {"base": {"base": {"base": "quickstart.yaml"}}},
    {"base": "file:///etc/passwd"},
)


SHAPES: tuple[dict[str, Any], ...] = (  # sections with huge or odd values
    {"seeds": "0-999999999"},
    {"seeds": "0-999"},
    {"seeds": list(range(500))},
    {"seeds": [0, 0]},
    {"grid": {f"a{number}.b": list(range(1_000)) for number in range(10)}},
    {"grid": {"optimizer.learning_rate": [0.1] * 3}},
    {"grid": {"optimizer.learning_rate": [(n + 1) / 1e6 for n in range(2_000)]}},
    {"grid": {"network.depth": list(range(40)), "network.units": list(range(1, 40))}},
    {"grid": {"network.dept": [1, 2], "network.unit": list(range(60))}, "seeds": "0-4"},
    {"grid": {"network": [{"units": 3}, {"depth": [1]}]}},
    {"variants": {"\x1b[31mred": {"network.units": 3}, "=1+1": {}, "<b>|": None, "": {}}},
    {"variants": {"a" * 300: {"network.units": 3}, "b" * 300: {"network.units": 4}}},
    {"variants": {f"v{number}": {"network.units": number + 1} for number in range(300)}},
    {"variants": {"a": {"name": "b"}, "c": {"seed": 1}, "d": {"data": None}}},
    {"base": "x" * 300},
    {"base": "y/" * 3_000},
    {"base": "."},
    {"base": "fifo"},
    {"base": "/dev/zero"},
    {"base": "~nobody/x.yaml"},
    {"base": "a\0b.yaml"},
    {"base": "\x1b[2J.yaml"},
    {"configs": ["fifo", "/dev/zero", "", "x" * 300, "mutant.yaml"]},
    {"claims": [{"statement": "\x1b[31m", "better": "a", "than": {"x": 1}}, {}, 3]},
    {"claims": [{"statement": "a", "runs": {"network.units": [1]}, "between": [1, 0]}] * 50},
    {"search": {"space": {"optimizer.learning_rate": {"low": 1e-9, "high": 1e308, "log": True}}}},
    {"search": {"space": {"network.units": {"low": 1, "high": 10**30, "integer": True}}}},
    {"search": {"space": {"network.units": list(range(2_000))}, "trials": 10**7}},
    {"search": {"space": {"network.depth": {"low": 0, "high": 1e308}, "seed": [1]}}},
    {"network": {"depth": 1_000, "units": 10**7}},
    {"network": {"layers": [{"type": "dense", "units": 10}] * 400}},
    {"network": {"layers": [{"type": "conv2d", "filters": 1, "kernel_size": 10**7}]}},
    {"network": {"layers": [{"type": "reshape", "target_shape": [10**7] * 50}]}},
    {"data": {"name": "circles", "train": 10**7}},
    {"data": {"name": "file", "path": "x" * 5_000}},
    {"data": {"name": "file", "path": "\x1b]0;title\x07"}},
    {"data": {"name": "mnist", "path": "fifo"}},
    {"training": {"epochs": 10**7, "batch_size": 10**7}},
    {"name": "\x1b[31mred", "description": "\x1b]0;title\x07"},
    {"description": "\x1b[2J" * 400},
)


@dataclass(frozen=True)
class Mutant:
    """A file that was changed: which one, how, and what it holds now."""

    number: int
    file: Path
    content: bytes
    steps: tuple[str, ...]


def mutant(files: Sequence[Path], seed: int, number: int) -> Mutant:
    """Return the mutant with this number; files take turns."""
    rng = random.Random(f"{seed}:{number}")
    file = files[number % len(files)]
    content, steps = file.read_bytes(), []
    if rng.random() < 0.6:
        tree = yaml.safe_load(content)
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            tree, step = _changed(tree, rng)
            steps.append(step)
        content = _dumped(tree)
    if not steps or rng.random() < 0.15:
        for _ in range(rng.choice((1, 1, 2, 4))):
            change = rng.choice(CHANGES_OF_BYTES)
            content = change(content, rng)
            steps.append(change.__name__.strip("_"))
    return Mutant(number, file, content, tuple(steps))


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _dumped(tree: Any) -> bytes:
    text: str = yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    return text.encode("utf-8", "surrogatepass")


# Changes of the tree.


def _changed(tree: Any, rng: random.Random) -> tuple[Any, str]:
    if not tree or not isinstance(tree, dict) or rng.random() < 0.2:
        shape = rng.choice(rng.choice((SHAPES, LATER_SHAPES, ({"network": {}},))))
        if shape == {"network": {}}:
            shape = {"network": {"layers": layers(rng)}}
        kept = tree if isinstance(tree, dict) and rng.random() < 0.8 else {}
        # An experiment may have only one of these: the new one replaces the old.
        others = {"grid", "variants", "configs", "search"} if {*shape} & {"grid", "search"} else ()
        return {k: v for k, v in kept.items() if k not in others} | shape, f"set {[*shape]}"
    path = rng.choice(paths(tree))
    how = rng.choice(("value", "value", "value", "drop", "rename", "add", "wrap", "double", "move"))
    if how == "value":
        return replaced(tree, path, value(rng)), f"value at {path}"
    return _with_place(tree, path, how, rng), f"{how} at {path}"


def paths(tree: Any, path: Path_ = ()) -> list[Path_]:
    """Return the path of every value inside a tree."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree)
    found: list[Path_] = []
    for key, inner in pairs:
        found.append((*path, key))
        if isinstance(inner, dict | list):
            found += paths(inner, (*path, key))
    return found


def value(rng: random.Random) -> Any:
    """Return a hostile value."""
    return rng.choice(rng.choice((WORDS, NUMBERS, NUMBERS, TREES, (True, False, None))))


def replaced(tree: Any, path: Path_, new: Any) -> Any:
    """Return the tree with another value at a path."""
    if not path:
        return new
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[path[0]] = replaced(tree[path[0]], path[1:], new)
    return copy


def _with_place(tree: Any, path: Path_, how: str, rng: random.Random) -> Any:
    *outer, last = path
    place: Any = tree
    for part in outer:
        place = place[part]
    old = place[last]
    if isinstance(place, dict):
        changed: Any = {
            "drop": lambda: {k: v for k, v in place.items() if k != last},
            "rename": lambda: {
                (_misspelt(k, rng) if k == last else k): v for k, v in place.items()
            },
            "add": lambda: {**place, _misspelt(last, rng): value(rng)},
            "wrap": lambda: {
                **place,
                last: rng.choice(([old], {last: old}, {"name": old}, [[old]])),
            },
            "double": lambda: {**place, last: [old, old]},
            "move": lambda: {
                **{k: v for k, v in place.items() if k != last},
                f"{last}.{last}": old,
            },
        }[how]()
    else:
        items = list(place)
        at = int(last)
        items[at : at + 1] = {
            "drop": [],
            "rename": [str(old)],
            "add": [old, value(rng)],
            "wrap": [[old]],
            "double": [old] * rng.choice((2, 2, 2_000)),
            "move": [{"name": old}],
        }[how]
        changed = items
    return replaced(tree, tuple(outer), changed)


def _misspelt(key: Any, rng: random.Random) -> Any:
    text = str(key)
    at = rng.randrange(len(text) + 1)
    ways = (
        text[:at] + text[at + 1 :],
        text[:at] + "x" + text[at:],
        text.upper(),
        rng.choice(WORDS),
    )
    return rng.choice((*ways, rng.choice(NUMBERS[:6])))


# Changes of the bytes.


def _cut(content: bytes, rng: random.Random) -> tuple[int, int]:
    first = rng.randrange(len(content) + 1)
    return first, min(len(content), first + rng.choice((1, 1, 2, 5, 20, 200)))


def _delete(content: bytes, rng: random.Random) -> bytes:
    first, last = _cut(content, rng)
    return content[:first] + content[last:]


def _repeat(content: bytes, rng: random.Random) -> bytes:
    first, last = _cut(content, rng)
    return content[:last] + content[first:last] * rng.choice((1, 1, 2, 100)) + content[last:]


def _insert(content: bytes, rng: random.Random) -> bytes:
    first, _ = _cut(content, rng)
    return content[:first] + rng.choice(BYTES) + content[first:]


def _overwrite(content: bytes, rng: random.Random) -> bytes:
    first, last = _cut(content, rng)
    return content[:first] + rng.randbytes(last - first) + content[last:]


def _truncate(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def _scalar(content: bytes, rng: random.Random) -> bytes:
    """Replace all that follows a colon by hostile bytes."""
    lines = content.splitlines(keepends=True)
    with_value = [n for n, line in enumerate(lines) if b": " in line and line[:1] != b"#"]
    if with_value:
        at = rng.choice(with_value)
        lines[at] = lines[at].partition(b": ")[0] + b": " + rng.choice(BYTES) + b"\n"
    return b"".join(lines)


def _lines(content: bytes, rng: random.Random) -> bytes:
    """Double, drop, move, indent or tag a line."""
    lines = content.splitlines(keepends=True) or [b"\n"]
    at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    line = lines[at]
    lines[at : at + 1] = rng.choice(
        (
            [],
            [line, line],
            [b"\t" + line],
            [b"  " + line],
            [line.lstrip()],
            [line.rstrip() + b" :\n"],
        )
    )
    if rng.random() < 0.3:
        lines.insert(other, line)
    return b"".join(lines)


CHANGES_OF_BYTES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *(_delete, _repeat, _insert, _insert, _insert, _overwrite, _truncate, _scalar, _scalar, _lines),
)
