"""The type of `data`: which examples, how many, and what is done to them before training."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator
from pydantic_core import PydanticCustomError

from kerasdemo.config.keras_objects import Count, NotNegative, Positive, Sides, StrictModel

# What a network learns, and so what its score is; `other` where nothing fits. Binary is the
# classification of two classes by one output unit.
Task = Literal["classification", "binary", "multi_label", "regression", "other"]

TABLES = ("csv", "parquet")
TEXTS = ("imdb", "reuters")
# Of texts, where a config does not say it: words of each, and words that are known.
LENGTH, TOKENS = 200, 10_000
# Key -> the data sets that it is for; the others refuse it.
KEYS_OF = {
    "path": (
        "file",
        "mnist",
        "fashion_mnist",
        *TABLES,
        "image_folder",
        "cifar10",
        "cifar100",
        "california_housing",
        *TEXTS,
    ),
    "target": TABLES,
    "numeric": TABLES,
    "categorical": TABLES,
    "text": TABLES,
    "missing": TABLES,
    "image_size": ("image_folder",),
    "color_mode": ("image_folder",),
    "max_tokens": (*TABLES, *TEXTS),
    "output_sequence_length": (*TABLES, *TEXTS),
}
# Keys that came after the first runs: recorded only where they say something.
LATER_KEYS = (*(key for key in KEYS_OF if key != "path"), "task", "split_seed", "normalize_target")

Columns = Annotated[tuple[str, ...], Field(strict=False)]


class Noise(StrictModel):
    """Standard deviation of the Gaussian noise added after `normalize`."""

    train: NotNegative = 0.0
    """noise on the training images"""
    validation: NotNegative = 0.0
    """noise on the validation images"""
    test: NotNegative = 0.0
    """noise on the test images"""


class Data(StrictModel):
    """Which examples, how many, and what is done to them before training."""

    name: Literal[
        "mnist",
        "mnist_sample",
        "fashion_mnist",
        "fizzbuzz",
        "circles",
        "blobs",
        "friedman",
        "file",
        "csv",
        "parquet",
        "image_folder",
        "cifar10",
        "cifar100",
        "california_housing",
        "imdb",
        "reuters",
    ] = "mnist"
    """the data set; file: an .npz; csv, parquet: a table; image_folder: a folder a class; the
    others are bundled, computed, or downloaded by Keras' loader of that name"""
    path: str | None = None
    """the file or folder, relative to the config's folder; of file an .npz with x_train, y_train,
    x_test, y_test, and x_val, y_val where it has validation examples as well; of a data set that
    Keras downloads a local copy"""
    target: str | Annotated[Columns, Field(min_length=1)] | None = None
    """of a table: the column to predict; several columns of numbers, or of labels 0 and 1"""
    numeric: Columns | None = None
    """of a table: input columns that are numbers; left out: every other column of numbers"""
    categorical: Columns | None = None
    """of a table: input columns that are categories; left out: every other column of text"""
    text: str | None = None
    """of a table: the input column that is a text, which becomes a sequence of words' numbers"""
    missing: Literal["error", "impute", "drop"] | None = None
    """of a table, values that are missing: error; impute: the training examples' median of a
    number, a category of its own of a category; drop: leave the rows out (left out: error)"""
    image_size: Sides | None = None
    """of image_folder: height and width that images are resized to (left out: 64)"""
    color_mode: Literal["rgb", "grayscale"] | None = None
    """of image_folder (left out: rgb)"""
    max_tokens: Annotated[int, Field(ge=3, le=1_000_000)] | None = None
    """of texts: words that are known, the most frequent ones of the training examples (left out:
    10,000)"""
    output_sequence_length: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """of texts: words of each text that are read; shorter ones are filled up (left out: 200)"""
    task: Literal["classification", "multi_label", "regression"] | None = None
    """what kind of targets the data has; left out: found out from them and from the loss"""
    train: Positive | None = None
    """how many training examples, in order; null = all but the validation examples (left out:
    mnist, fashion_mnist and cifar the first 10,000, as in the lecture, circles and blobs 700)"""
    validation: Count | None = None
    """how many examples behind `train` are held out for validation; left out: mnist, fashion_mnist
    and cifar 10,000, imdb 5,000, reuters 1,000, mnist_sample 500, circles and blobs 300, fizzbuzz
    0, else a tenth"""
    test: Positive | None = None
    """how many test examples, in order; null = all (circles and blobs: 300)"""
    shuffle: bool | None = None
    """whether the examples are shuffled before they are split, so that every part has each class in
    its share; one fixed order for all seeds; left out: true for file, tables and image_folder, else
    false"""
    normalize_target: Literal["standardize"] | None = None
    """of a regression: standardize: train on targets of mean 0 and standard deviation 1 over the
    training examples; metrics, predictions and the saved model keep the target's own unit"""
    split_seed: Count = 0
    """of the order that `shuffle` makes"""
    normalize: Literal["none", "unit", "standardize"] | None = None
    """none; unit: divide by the largest value (255 for images); standardize: each feature to
    mean 0 and standard deviation 1 over the training examples; left out: standardize for tables and
    california_housing, none for texts, else unit"""
    noise: Noise = Noise()
    """Gaussian noise, by part of the data"""

    @model_serializer(mode="wrap")
    def _without_plain_order(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        dumped: dict[str, Any] = handler(self)
        # Configs that were recorded before these keys say the same.
        if self.shuffle is None or (not self.shuffle and not self.is_shuffled_by_default):
            del dumped["shuffle"]
        for key in LATER_KEYS:
            if getattr(self, key) in (None, 0, "classification"):
                del dumped[key]
        return dumped

    @model_validator(mode="after")
    def _keys_fit(self) -> Self:
        if self.path is None and (self.name in ("file", "image_folder") or self.is_table):
            what = {"file": "an .npz file", "image_folder": "a folder with a folder for each class"}
            raise PydanticCustomError(
                "path",
                "data.name is {name}, so `path` must name {what}",
                {"name": self.name, "what": what.get(self.name, f"a {self.name} file")},
            )
        if self.is_table and self.target is None:
            raise PydanticCustomError(
                "target",
                "data.name is {name}, so `target` must name the column to predict",
                {"name": self.name},
            )
        for key, names in KEYS_OF.items():
            if getattr(self, key) is not None and self.name not in names:
                raise PydanticCustomError(
                    "key", "`{key}` is for {names} only", {"key": key, "names": ", ".join(names)}
                )
        return self

    @property
    def is_table(self) -> bool:
        """Whether the data are rows of columns."""
        return self.name in TABLES

    @property
    def is_text(self) -> bool:
        """Whether the inputs are sequences of words' numbers."""
        return self.name in TEXTS or self.text is not None

    @property
    def is_shuffled_by_default(self) -> bool:
        """Whether the order of the examples may mean something, as in a file sorted by class."""
        return self.name in ("file", "image_folder") or self.is_table

    @property
    def is_split_at_random(self) -> bool:
        """Whether training, validation and test examples are drawn from the same ones."""
        return bool(self.shuffle) and (self.is_table or self.name == "image_folder")

    @property
    def default_normalize(self) -> Literal["none", "unit", "standardize"]:
        """What `normalize` is where it is left out."""
        if self.is_text:
            return "none"
        return "standardize" if self.is_table or self.name == "california_housing" else "unit"

    @property
    def length(self) -> int:
        """Words of each text that are read."""
        return self.output_sequence_length or LENGTH

    @property
    def tokens(self) -> int:
        """Words of texts that are known, padding and the unknown word among them."""
        return self.max_tokens or TOKENS

    @property
    def targets(self) -> tuple[str, ...]:
        """The target columns of a table."""
        return (self.target,) if isinstance(self.target, str) else self.target or ()
