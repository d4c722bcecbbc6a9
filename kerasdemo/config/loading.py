"""From YAML to a RunConfig with all its defaults: the only reader of configs."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kerasdemo.config import base, datasets, regular_file
from kerasdemo.config.changes import Overrides, parse_overrides, with_changes
from kerasdemo.config.consistency import faults_of
from kerasdemo.config.data_types import Data, Task
from kerasdemo.config.dataset_info import DatasetInfo
from kerasdemo.config.document import Document, parse_text, read
from kerasdemo.config.errors import Fault, InputError
from kerasdemo.config.keras_objects import NAME
from kerasdemo.config.task_fit import DEFAULT_LOSSES, find_task, task_faults
from kerasdemo.config.types import EarlyStopping, RunConfig
from kerasdemo.config.validation_errors import translate


def load(path: str | Path, overrides: Overrides = ()) -> RunConfig:
    """Read a YAML file, set values in it, and fill in what it leaves out.

    Args:
        path: of the file.
        overrides: {"optimizer.learning_rate": 0.1} or ["optimizer.learning_rate=0.1"].

    Raises:
        InputError: with every fault of the file, each with its line and key.
    """
    return from_document(read(Path(path), tolerant=True), overrides)


def parse(text: str, file: str = "config.yaml", overrides: Overrides = ()) -> RunConfig:
    """Load a config from YAML text; `file` gives the default name and the folder of paths."""
    return from_document(parse_text(text, file, tolerant=True), overrides)


def recorded(path: Path) -> RunConfig:
    """Read the complete config of a run; its data may no longer exist.

    Raises:
        InputError: where it is no complete config.
    """
    document = read(path)
    try:
        config = RunConfig.model_validate(document.data)
    except ValidationError as error:
        raise InputError(translate(error, document)) from None
    return _with_origin(config, document)


def from_document(document: Document, overrides: Overrides = ()) -> RunConfig:
    """Set values in a document, validate it, and fill in what it leaves out.

    Raises:
        InputError: with every fault of the document, each with its line and key.
    """
    if base.is_experiment(document):
        message = "an experiment, not a config; use `kerasdemo sweep` for it"
        raise InputError(Fault(message, document.file))
    if ("base",) not in document.overridden:
        document = base.resolve(document)
    document = with_changes(document, parse_overrides(overrides))
    if "base" in document.data:
        raise InputError(document.fault(("base",), "a file says its own base; it can't be set"))
    try:
        config = RunConfig.model_validate(_with_defaults(document))
    except ValidationError as error:
        known = {fault.key for fault in document.faults}
        others = [fault for fault in translate(error, document) if fault.key not in known]
        faults = sorted([*document.faults, *others], key=lambda fault: fault.line or 0)
        raise InputError(faults) from None
    if document.faults:
        raise InputError(document.faults)
    facts = _find_facts(config, document)
    config = _with_origin(_complete(config, facts), document)
    # What does not fit the task would show in other faults, too.
    faults = [document.fault(key, message) for key, message in task_faults(config, facts)]
    faults = faults or faults_of(config, document)
    if faults:
        raise InputError(faults)
    return config


def _with_origin(config: RunConfig, document: Document) -> RunConfig:
    """Let a config name the lines of its document, and be loaded again with changes."""
    config._document = document
    config._load = from_document
    return config


def _with_defaults(document: Document) -> dict[str, Any]:
    """Return the data with what depends on the file: its stem as name, its folder in paths."""
    data = dict(document.data)
    if data.get("name") is None:
        data["name"] = stem = Path(document.file).stem
        if NAME.fullmatch(stem) is None:
            message = (
                f"the file's stem {stem!r} can't name a run folder; give a `name` of letters, "
                "digits and . _ + = -"
            )
            raise InputError(Fault(message, document.file))
    inner = data.get("data")
    if isinstance(inner, dict) and isinstance(inner.get("path"), str):
        path = document.folder / regular_file.expand_user(inner["path"])
        data["data"] = {**inner, "path": str(path.absolute())}
    return data


def _find_facts(config: RunConfig, document: Document) -> DatasetInfo:
    """Return what is known of a config's data."""
    facts = config.dataset_info
    if facts is None:
        problem = datasets.find_problem(config.data)
        assert problem is not None
        raise InputError(document.fault(problem.key, str(problem)))
    return facts


def _complete(config: RunConfig, facts: DatasetInfo) -> RunConfig:
    """Fill in the values that depend on other values, and on the data."""
    network, training = config.network, config.training
    data = _complete_data(config.data, facts, find_task(facts, config))
    config = config.model_copy(update={"data": data})
    if "loss" not in config.model_fields_set and data.task in DEFAULT_LOSSES:
        changed = RunConfig.model_validate({"loss": DEFAULT_LOSSES[data.task]})
        config = config.model_copy(update={"loss": changed.loss})
    if network.layers is None and network.output_activation is None:
        given = {key: getattr(network, key) for key in network.model_fields_set}
        name = _output_activation(config)
        network = network.model_validate({**given, "output_activation": name})
    if "early_stopping" not in training.model_fields_set:
        stopping = EarlyStopping() if data.validation else None
        training = training.model_copy(update={"early_stopping": stopping})
    return config.model_copy(update={"network": network, "training": training})


def _output_activation(config: RunConfig) -> str:
    """Return the output's activation that fits the task and the loss."""
    loss, task = config.loss, config.data.task
    if loss.arguments.get("from_logits") or task == "regression":
        return "linear"
    if loss.name in ("hinge", "squared_hinge"):
        return "tanh"
    binary = ("binary_crossentropy", "binary_focal_crossentropy")
    return "sigmoid" if loss.name in binary or task == "multi_label" else "softmax"


def _complete_data(data: Data, facts: DatasetInfo, task: Task) -> Data:
    validation = facts.default_validation if data.validation is None else data.validation
    train = data.train
    if train is None and "train" not in data.model_fields_set:
        train = facts.default_train
    if train is None:
        train = max(facts.train - (validation if facts.validation is None else 0), 1)
    return data.model_copy(
        update={
            "train": train,
            "validation": validation,
            "test": data.test or facts.default_test or facts.test,
            "shuffle": data.is_shuffled_by_default if data.shuffle is None else data.shuffle,
            "normalize": data.normalize or data.default_normalize,
            "task": task,
        }
    )
