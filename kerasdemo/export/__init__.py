"""Runs written out for other tools: as a script of plain Keras and numpy."""

from kerasdemo.config import RunConfig
from kerasdemo.records import Run

__all__ = ["to_python"]


def to_python(source: Run | RunConfig) -> str:
    """Return the script of plain Keras and numpy that trains the network of a run or a config.

    Args:
        source: what was trained, or what would be.

    Raises:
        InputError: where the data of a table, a folder or a file can't be read, whose classes and
            statistics the script has; and of a run from Python that is not of Keras' own layers.
    """
    # Here: what writes code for others imports this package, and needs no data.
    from kerasdemo.export.recorded import write_recorded
    from kerasdemo.export.script import with_sample, write_script

    if isinstance(source, RunConfig):
        return write_script(source)
    if source.config is None:
        return write_recorded(source)
    data = source.facts.get("data") or {}
    stood_in = data.get("source") == "mnist_sample" and source.config.data.name == "mnist"
    return write_script(with_sample(source.config) if stood_in else source.config)
