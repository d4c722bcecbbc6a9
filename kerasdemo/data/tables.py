"""Tables: csv and parquet files."""

from kerasdemo.config import InputError, RunConfig
from kerasdemo.data.dataset import Dataset, Source


def find(config: RunConfig) -> Source:
    """Return the rows of the table that a config names."""
    raise InputError(config.fault(("data", "path"), "tables can't be read yet"))


def load(config: RunConfig, source: Source) -> Dataset:
    """Return the examples of a config: rows split, encoded and scaled."""
    raise InputError(config.fault(("data", "path"), "tables can't be read yet"))


def check(config: RunConfig) -> list[str]:
    """Check a table as `load` would; return remarks on the data."""
    return []
