"""The type of `data`: which examples, how many, and what is done to them before training."""

from typing import Any, Literal, Self

from pydantic import SerializerFunctionWrapHandler, model_serializer, model_validator
from pydantic_core import PydanticCustomError

from kerasdemo.config.keras_objects import Count, NotNegative, Positive, StrictModel


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
        "mnist", "mnist_sample", "fashion_mnist", "fizzbuzz", "circles", "blobs", "file"
    ] = "mnist"
    """the data set"""
    path: str | None = None
    """an .npz with x_train, y_train, x_test, y_test, and x_val, y_val where it has validation
    examples as well; relative to the config's folder"""
    train: Positive | None = None
    """how many training examples, in order; null = all but the validation examples (left out:
    mnist and fashion_mnist the first 10,000, as in the lecture, circles and blobs 700)"""
    validation: Count | None = None
    """how many examples behind `train` are held out for validation; left out: mnist and
    fashion_mnist 10,000, mnist_sample 500, circles and blobs 300, fizzbuzz 0, file a tenth"""
    test: Positive | None = None
    """how many test examples, in order; null = all (circles and blobs: 300)"""
    shuffle: bool | None = None
    """whether the examples are shuffled before they are split, so that every part has each class in
    its share; one fixed order for all seeds; left out: true for file, else false"""
    normalize: Literal["none", "unit", "standardize"] = "unit"
    """none; unit: divide by the largest value (255 for images); standardize: each feature to
    mean 0 and standard deviation 1 over the training examples"""
    noise: Noise = Noise()
    """Gaussian noise, by part of the data"""

    @model_serializer(mode="wrap")
    def _without_plain_order(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        dumped: dict[str, Any] = handler(self)
        if self.shuffle is None or (not self.shuffle and self.name != "file"):
            del dumped["shuffle"]  # configs that were recorded before the key say the same
        return dumped

    @model_validator(mode="after")
    def _path_fits(self) -> Self:
        if self.name == "file" and self.path is None:
            raise PydanticCustomError("path", "data.name is file, so `path` must name an .npz file")
        if self.path is not None and self.name not in ("file", "mnist", "fashion_mnist"):
            raise PydanticCustomError("path", "`path` is for file, mnist and fashion_mnist only")
        return self
