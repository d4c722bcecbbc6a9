"""The schema of the JSON files of a run folder: types and ranges of what the program relies on.

Other programs, crashes and strangers write to a folder, too. Unknown keys are allowed, and any key
that has a default may be missing, as it is in older records. Losses have the unit of the config's
loss, accuracies are shares from 0 to 1, epochs count from 1, times are in seconds.
"""

import re
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from kerasdemo.config.errors import shown

# The columns of metrics.csv and of layers.csv; folder.py says what they hold.
SCORES = ("accuracy", "r2", "r2_error", "balanced_accuracy", "auc")
METRICS = (
    *("loss", *SCORES, "val_loss", *(f"val_{score}" for score in SCORES), "learning_rate"),
    *("val_loss_rise", "val_loss_rise_error", "val_newly_wrong", "val_newly_right"),
)
STATISTICS = ("gradient_norm", "weight_norm", "update_ratio", "dead", "saturated")
SHARES = (
    *("accuracy", "balanced_accuracy", "auc"),
    *("val_accuracy", "val_balanced_accuracy", "val_auc"),
)
# Dotted paths of settings head the columns of tables and CSV files.
PLAIN_KEY = re.compile(r"^[A-Za-z0-9_.]+$")

PlainKey = Annotated[str, Field(pattern=PLAIN_KEY.pattern)]
Integer = Annotated[int, Field(gt=-(2**63), lt=2**63)]
# NaN and infinity are written as null.
Number = Annotated[float, Field(allow_inf_nan=False)] | None
Share = Annotated[float, Field(ge=0, le=1)] | None
Count = Annotated[int, Field(ge=0, lt=2**63)] | None
Size = Annotated[int, Field(ge=1, lt=2**31)]
Text = str | None

# Initializer -> the arguments that set the spread of the weights.
SPREAD = {
    "random_normal": ("stddev",),
    "truncated_normal": ("stddev",),
    "random_uniform": ("minval", "maxval"),
    "variance_scaling": ("scale",),
}


class Record(BaseModel):
    """An object in a JSON file."""

    model_config = ConfigDict(extra="allow", strict=True, defer_build=True)


RecordType = TypeVar("RecordType", bound=Record)


class Metrics(Record):
    """Metrics of one epoch, or of the test set."""

    loss: Number = None
    accuracy: Share = None
    balanced_accuracy: Share = None
    auc: Share = None
    r2: Number = None
    val_loss: Number = None
    val_accuracy: Share = None
    val_balanced_accuracy: Share = None
    val_auc: Share = None
    val_r2: Number = None
    learning_rate: Number = None


class InitialMetrics(Metrics):
    """Metrics before training, and what the untrained network gave.

    output: the ends of its only output, `low` and `high`, and of the sums of its rows, `sum_low`
    and `sum_high`. layers: layer -> statistic -> value.
    """

    output: dict[str, Number] | None = None
    layers: dict[str, dict[str, Number]] | None = None


class DataFacts(Record):
    """The data that was used: fingerprint, numbers of examples, statistics and baselines."""

    name: Text = None
    source: Text = None
    sha256: Text = None
    warning: Text = None
    uneven: Text = None
    class_names: list[str] | None = None
    train: Count = None
    validation: Count = None
    test: Count = None
    shape: list[Size] | None = None
    classes: Count = None
    class_shares: list[Share] | None = None
    validation_class_shares: list[Share] | None = None
    test_class_shares: list[Share] | None = None
    input: dict[str, Number | str | dict[str, Number]] | None = None
    test_input: dict[str, Number | str | dict[str, Number]] | None = None
    linear_baseline: dict[str, Number] | None = None
    neighbor_baseline: Number = None
    neighbor_baseline_validation: Number = None
    # What data/arrays.py found out: of other tasks than classification, and from Python.
    measured: dict[str, Count] | None = None
    label_shares: list[Share] | None = None
    target: dict[str, Number] | None = None
    target_columns: Count = None
    constant_loss: Number = None
    order: dict[str, Number | bool | str] | None = None
    label_noise: dict[str, Number] | None = None
    leaked: Number | dict[str, Number] = None
    target_copies: dict[str, Number] | None = None
    not_finite: dict[str, Count] | None = None


class Facts(Record):
    """run.json: how a run ended."""

    status: str
    reason: Text = None
    epochs: Count = None
    best_epoch: Count = None
    kept_epoch: Count = None
    final: Metrics | None = None
    best: Metrics | None = None
    kept: Metrics | None = None
    initial: InitialMetrics | None = None
    # Of the final weights, on all test examples, and on more training examples than the curve's.
    test: Metrics | None = None
    train: Metrics | None = None
    stopped_early: bool | None = None
    parameters: Count = None
    engine: dict[str, Any] | None = None
    recording: dict[str, Number] | None = None
    data: DataFacts | None = None
    baseline_pairs: dict[str, dict[str, Count]] | None = None
    seconds: Number = None
    ended: Text = None
    versions: dict[str, Text] | None = None
    epoch_seconds: Number = None
    updates: Count = None
    updates_per_epoch: Count = None


class LayerInitializer(Record):
    """The initializer of a kernel, with the arguments that set the spread of the weights."""

    name: str
    stddev: Number = None
    minval: Number = None
    maxval: Number = None
    scale: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _has_spread(self) -> Self:
        for argument in SPREAD.get(self.name, ()):
            if getattr(self, argument) is None:
                raise ValueError(f"{self.name} with its {argument}")
        return self


class LayerArguments(Record):
    """Those arguments of a layer that the diagnosis reads, as Keras names them."""

    units: Size | None = None
    filters: Size | None = None
    groups: Size = 1
    kernel_size: Size | Annotated[list[Size], Field(min_length=1)] = 1
    activation: Text = None
    kernel_initializer: LayerInitializer = LayerInitializer(name="glorot_uniform")


class LayerRecord(Record):
    """A layer as built; shapes are of one example, without the batch axis.

    Of a network from Python a size may be unknown (null), or a whole shape (empty).
    """

    name: str
    type: str
    input_shape: list[Size | None]
    output_shape: list[Size | None]
    arguments: LayerArguments = LayerArguments()
    parameters: Count = 0
    key: Text = None


class NetworkRecord(Record):
    """network.json: the layers from input to output."""

    layers: list[LayerRecord]


class TrialResult(Record):
    """What a short training ended with."""

    rate: Number = None
    loss: Number = None
    accuracy: Share = None
    r2: Number = None


class OneBatch(Record):
    """Training on one small batch; `own` with the config's optimizer, `adam` with Adam."""

    examples: Count = None
    steps: Count = None
    chance: Share = None
    own: TrialResult | None = None
    adam: TrialResult | None = None


class LearningRates(Record):
    """The same steps with several learning rates; `own_rate` is the config's."""

    steps: Count = None
    loss_before: Number = None
    own_rate: Number = None
    best_rate: Number = None
    rates: list[TrialResult] | None = None


class SanityChecks(Record):
    """sanity_checks.json: the results of `diagnose --sanity-checks`."""

    one_batch: OneBatch | None = None
    learning_rates: LearningRates | None = None
    zeroed_input: TrialResult | None = None
    seconds: Number = None


class VerdictSummary(Record):
    """The part of verdict.json that a listing shows."""

    outcome: str
    caution: Text = None


def check(kind: type[RecordType], content: Any, name: str) -> RecordType:
    """Return the content of a JSON file as a record.

    Args:
        name: of the file, for the message.

    Raises:
        ValueError: with the first key that is wrong, its value and what was expected.
    """
    if not isinstance(content, dict):
        raise ValueError(f"{name} is not a JSON object")
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        if first["type"] == "missing":
            raise ValueError(f"{name}: `{key}` is missing") from None
        expected = first["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
        raise ValueError(
            f"{name}: `{key}` is {shown(first['input'])}; expected {expected}"
        ) from None
