"""What is known of a table before it is loaded: its columns and rows."""

from kerasdemo.config.data_types import Data
from kerasdemo.config.dataset_info import DataError, DatasetInfo


def read_info(data: Data) -> DatasetInfo:
    """Return what is known of the table of a config.

    Raises:
        DataError: with what is wrong, and the key that it is wrong at.
    """
    raise DataError("tables can't be read yet")
