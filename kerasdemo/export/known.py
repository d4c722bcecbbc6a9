"""What a script has to know of a config's data: shapes, classes, how columns became numbers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerasdemo import data
from kerasdemo.config import InputError, RunConfig
from kerasdemo.config.data_types import TEXTS
from kerasdemo.config.dataset_info import DataError, Targets
from kerasdemo.config.image_folder import ImageFolder, list_images
from kerasdemo.config.table_file import Table, read_table
from kerasdemo.config.tensor_shapes import Shape
from kerasdemo.data import Dataset
from kerasdemo.data.table_encoding import TableEncoding

READ = ("file", "csv", "parquet")


@dataclass(frozen=True)
class Known:
    """What is known of the data.

    Args:
        shape: of one example as the network sees it, without the batch axis.
        outputs: classes, labels or target columns.
        targets: what they are.
        class_names: of classes that a file or a folder names.
        is_one_hot: whether a file has classes as columns of 0 and 1.
        has_validation: whether the data have validation examples of their own.
        folder: of a folder of images what is in it.
        table: of a table its columns.
        encoding: how these become numbers.
    """

    shape: Shape
    outputs: int
    targets: Targets
    class_names: tuple[str, ...] | None = None
    is_one_hot: bool = False
    has_validation: bool = False
    folder: ImageFolder | None = None
    table: Table | None = None
    encoding: TableEncoding | None = None

    @property
    def is_text(self) -> bool:
        """Whether the inputs are words' numbers."""
        return self.encoding is not None and bool(self.encoding.texts)


def find(config: RunConfig) -> Known:
    """Return what is known of a config's data; files and tables are read for it.

    Raises:
        InputError: where they can't be read.
    """
    if config.data.name not in READ:  # without decoding images, which takes TensorFlow
        return _without_reading(config)
    dataset: Dataset = data.load(config)
    source, extra = dataset.source, dict[str, Any]()
    if config.data.is_table:
        extra = {"table": read_table(config.data), "encoding": dataset.encoding}
    numeric = source.targets if dataset.targets != "classification" else "classes"
    return Known(
        dataset.shape,
        dataset.outputs,
        "numbers" if dataset.targets == "regression" else numeric,
        source.class_names,
        is_one_hot=source.class_count is not None and source.class_names is None,
        has_validation="y_val" in source.arrays,
        **extra,
    )


def _without_reading(config: RunConfig) -> Known:
    info, folder = config.dataset_info, None
    if info is None or info.shape is None or info.outputs is None:
        raise InputError(config.fault(("data",), "the shape of the examples is not known"))
    if config.data.name == "image_folder":
        try:
            folder = list_images(Path(config.data.path or ""))
        except DataError as error:
            raise InputError(config.fault(error.key, str(error))) from None
    return Known(
        info.shape,
        info.outputs,
        info.targets,
        folder.class_names if folder else None,
        has_validation=folder is not None and folder.validation is not None,
        folder=folder,
    )


def is_of_words(config: RunConfig) -> bool:
    """Return whether the inputs are words' numbers, which stay as they are."""
    return config.data.name in TEXTS or config.data.text is not None
