"""Functions of kerasdemo's own, so that a script does the same: without annotations, with numpy."""

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

from kerasdemo.data import generated, scores, sequences, split
from kerasdemo.data.dataset import ARRAYS
from kerasdemo.data.generated import DATA_SEED

# Function -> what else it needs: functions, and {constant: value}.
NEEDED: dict[str, tuple[Callable[..., Any], tuple[str, ...], dict[str, Any]]] = {
    "mixed_order": (
        split.mixed_order,
        ("_kinds",),
        {"DATA_SEED": DATA_SEED},
    ),
    "_kinds": (split._kinds, (), {"BINS": split.BINS}),
    "pad": (
        sequences.pad,
        (),
        {"FILLING": sequences.FILLING, "RARE": sequences.RARE},
    ),
    "fizzbuzz": (generated.fizzbuzz, (), {"ARRAYS": ARRAYS}),
    "_draw": (
        generated._draw,
        (),
        {"ARRAYS": ARRAYS, "DATA_SEED": DATA_SEED},
    ),
    **{
        name: (generated.GENERATED[name], ("_draw",), {})
        for name in generated.GENERATED
        if name != "fizzbuzz"
    },
    "balanced_accuracy": (scores.balanced_accuracy, ("_columns",), {}),
    "auc": (scores.auc, ("_columns", "midranks"), {}),
    "midranks": (scores.midranks, (), {}),
    "_columns": (scores._columns, (), {}),
}


def borrow(*names: str) -> list[str]:
    """Return the code of functions, and of all that they need."""
    found: dict[str, Callable[..., Any]] = {}
    constants: dict[str, Any] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found[name], further, values = NEEDED[name]
            constants |= values
            waiting += further
    lines = [f"{name} = {value!r}" for name, value in constants.items()]
    # What a function needs stands before it.
    for function in reversed(found.values()):
        lines += ["", "", *_code(function)]
    return [*lines, "", ""] if lines else []


def _code(function: Callable[..., Any]) -> list[str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
    body = [_Plain().visit(node) for node in tree.body]
    text = "\n".join(ast.unparse(ast.fix_missing_locations(node)) for node in body)
    return text.splitlines()


class _Plain(ast.NodeTransformer):
    """Makes plain assignments of those with a type, and keeps the first line of docstrings."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is None:
            return ast.Pass()
        return ast.copy_location(ast.Assign([node.target], node.value), node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        first = node.body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            first.value.value = str(first.value.value).splitlines()[0]
        return node
