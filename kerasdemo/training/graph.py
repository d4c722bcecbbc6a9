"""What a traced TensorFlow function consists of: its operations, by type."""

from collections.abc import Iterator
from typing import Any

from kerasdemo.backend import tf

# They change what lies outside of the function: variables, random states, Python's own things.
STATEFUL = ("Assign", "Rng", "Stateful", "RandomUniform", "RandomStandardNormal", "PyFunc", "Eager")
# They raise an error of bad values; XLA leaves them out.
CHECKS = ("Assert", "CheckNumerics")
TABLES = ("GatherV2", "GatherNd", "ResourceGather")


def has_operation(function: Any, *types: str) -> bool:
    """Return whether an operation has one of these types, or one that begins with it."""
    return any(node.op.startswith(types) for node in _nodes(function))


def reads_tables(function: Any) -> bool:
    """Return whether a function takes rows of an array of floats by their numbers."""
    # Gradients gather whole numbers, of shapes.
    return any(
        node.op in TABLES and tf.as_dtype(node.attr[name].type).is_floating
        for node in _nodes(function)
        for name in ("Tparams", "dtype")
        if name in node.attr
    )


def count_classes(function: Any) -> int | None:
    """Return the fewest classes of any sparse cross-entropy in a function; None without one."""
    found = [
        operation.inputs[0].shape[-1]
        for operation in function.graph.get_operations()
        if operation.type == "SparseSoftmaxCrossEntropyWithLogits"
    ]
    return min((classes for classes in found if classes is not None), default=None)


def _nodes(function: Any) -> Iterator[Any]:
    graph = function.graph.as_graph_def()
    yield from graph.node
    yield from (node for inner in graph.library.function for node in inner.node_def)
