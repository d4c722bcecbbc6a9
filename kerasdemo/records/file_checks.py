"""What the files beside runs may hold: other programs, crashes and strangers write there, too.

Only what somebody relies on is checked, and only its type and range: unknown keys may be there, and
any known one may be missing, as it is in older records.
"""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kerasdemo.config.errors import shown
from kerasdemo.records import files

ACCURACIES = ("accuracy", "val_accuracy")

# NaN and infinity are written as null.
Number = Annotated[float, Field(allow_inf_nan=False)] | None
Share = Annotated[float, Field(ge=0, le=1)] | None
Count = Annotated[int, Field(ge=0, lt=2**63)] | None
Text = str | None


class _Record(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True, defer_build=True)


class _Metrics(_Record):
    loss: Number = None
    accuracy: Share = None
    val_loss: Number = None
    val_accuracy: Share = None
    learning_rate: Number = None


class _Initial(_Metrics):
    layers: dict[str, dict[str, Number]] | None = None


class _Data(_Record):
    name: Text = None
    source: Text = None
    sha256: Text = None
    warning: Text = None
    uneven: Text = None
    class_names: list[str] | None = None
    train: Count = None
    validation: Count = None
    test: Count = None
    shape: list[Annotated[int, Field(ge=1, lt=2**31)]] | None = None
    classes: Count = None
    class_shares: list[Share] | None = None
    validation_class_shares: list[Share] | None = None
    test_class_shares: list[Share] | None = None
    input: dict[str, Number | dict[str, Number]] | None = None
    test_input: dict[str, Number | dict[str, Number]] | None = None
    linear_baseline: dict[str, Share] | None = None
    neighbor_baseline: Share = None
    neighbor_baseline_validation: Share = None


class _Facts(_Record):
    status: str
    reason: Text = None
    epochs: Count = None
    best_epoch: Count = None
    kept_epoch: Count = None
    final: _Metrics | None = None
    best: _Metrics | None = None
    kept: _Metrics | None = None
    initial: _Initial | None = None
    test: _Metrics | None = None
    stopped_early: bool | None = None
    parameters: Count = None
    engine: dict[str, Any] | None = None
    data: _Data | None = None
    baseline_pairs: dict[str, dict[str, Count]] | None = None
    seconds: Number = None
    ended: Text = None
    versions: dict[str, Text] | None = None
    epoch_seconds: Number = None
    updates: Count = None
    updates_per_epoch: Count = None


class _Tried(_Record):
    rate: Number = None
    loss: Number = None
    accuracy: Share = None


class _Batch(_Record):
    examples: Count = None
    steps: Count = None
    chance: Share = None
    own: _Tried | None = None
    adam: _Tried | None = None


class _Rates(_Record):
    steps: Count = None
    loss_before: Number = None
    own_rate: Number = None
    best_rate: Number = None
    rates: list[_Tried] | None = None


class _SanityChecks(_Record):
    one_batch: _Batch | None = None
    learning_rates: _Rates | None = None
    zeroed_input: _Tried | None = None
    seconds: Number = None


class _Verdict(_Record):
    outcome: str
    caution: Text = None


class _Planned(_Record):
    label: str
    values: dict[str, Any]
    seed: Annotated[int, Field(ge=0, lt=2**31)]


class _Plan(_Record):
    claims: list[dict[str, Any]] | None = None
    runs: dict[str, _Planned]


def plan(file: Path) -> dict[str, Any]:
    """Return sweep.json: the claims of an experiment, and which run is which.

    Raises:
        OSError, ValueError: with what is wrong in it.
    """
    return _checked(_Plan, file)


def facts(file: Path) -> dict[str, Any]:
    """Return run.json; empty where it is not there: the run has not ended.

    Raises:
        OSError, ValueError: with what is wrong in it.
    """
    return _checked(_Facts, file) if file.exists() else {}


def sanity_checks(file: Path) -> dict[str, Any]:
    """Return sanity_checks.json; a damaged one counts as none, for it can be made again."""
    return _derived(_SanityChecks, file)


def verdict(file: Path) -> dict[str, Any]:
    """Return verdict.json; a damaged one counts as none, for it can be made again."""
    return _derived(_Verdict, file)


def curve(columns: dict[str, tuple[str, ...]], name: str, file: Path) -> tuple[float, ...]:
    """Return a column of a CSV file as numbers; an accuracy is a share of examples, or NaN.

    Raises:
        ValueError: with what is wrong in it.
    """
    cells = files.column(columns, name, file)
    try:
        numbers = tuple(map(float, cells))
    except ValueError as error:
        raise ValueError(f"{file.name}: column {name}: {error}") from None
    if name in ACCURACIES and not all(0 <= n <= 1 for n in numbers if n == n):
        raise ValueError(f"{file.name}: column {name} is no share of examples")
    return numbers


def _derived(kind: type[_Record], file: Path) -> dict[str, Any]:
    try:
        return _checked(kind, file)
    except (OSError, ValueError):
        return {}


def _checked(kind: type[_Record], file: Path) -> dict[str, Any]:
    """Return what stands in the file, as it stands there."""
    found = files.read_json(file)
    if not isinstance(found, dict):
        raise ValueError(f"{file.name} is no JSON object")
    try:
        kind.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        if first["type"] == "missing":
            raise ValueError(f"{file.name}: `{key}` is missing") from None
        told = first["msg"].removeprefix("Input should be ")
        raise ValueError(
            f"{file.name}: `{key}` is {shown(first['input'])}; expected {told}"
        ) from None
    return found
