"""Tips on configs, each with its line; errors only where a network cannot work."""

from pathlib import Path

import pytest

from kerasdemo.config import InputError, memory, parse
from kerasdemo.config.lint import RULES, Declared, Mismatch, find_output_mismatch, lint


def mismatch_of(text: str, *overrides: str) -> Mismatch | None:
    config = parse(text, overrides=overrides)
    declared = Declared.of(config)
    return find_output_mismatch(declared.loss, declared.layers)


FLAT = "data: {name: mnist}\nnetwork:\n  layers:\n    - {type: flatten}\n"
OUTPUT = "    - {type: dense, units: 10, activation: softmax}\n"
LOGITS_OF_SOFTMAX = (
    "network: {output_activation: softmax}\n"
    "loss: {name: categorical_crossentropy, from_logits: true}"
)


SHORT_DECAY = (
    "optimizer: {learning_rate: {name: cosine_decay, initial_learning_rate: 0.01, decay_steps: 9}}"
)


def codes(text: str) -> list[str]:
    return [tip.code for tip in lint(parse(text))]


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "data: {name: fizzbuzz}\ntraining: {batch_size: 20, epochs: 100}",
        "data: {name: circles}\nloss: binary_crossentropy\ntraining: {epochs: 200}",
        "loss: sparse_categorical_crossentropy",
        "loss: {name: categorical_crossentropy, from_logits: true}",
        "network: {activation: maxout}",
        "network: {depth: 13}\noptimizer: {name: sgd, learning_rate: 0.1}",
        "network: {depth: 3, activation: sigmoid}",
        FLAT + OUTPUT,
    ],
)
def test_a_sound_config_gets_no_tip(text: str) -> None:
    found = [code for code in codes(text) if code != "L302"]  # fizzbuzz has no validation examples
    assert found == []


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("L101", "network: {output_activation: linear}"),
        ("L101", "network: {output_activation: relu}"),
        ("L102", "network: {initializer: zeros}"),
        ("L103", "network: {depth: 2, units: 10000000}"),
        (
            "L103",
            "network: {layers: [{type: flatten}, {type: repeat_vector, n: 10000000}, "
            "{type: global_max_pooling1d}, {type: dense, units: 10, activation: softmax}]}",
        ),
        ("L201", "loss: mse"),
        ("L201", LOGITS_OF_SOFTMAX),
        ("L201", FLAT + OUTPUT + "    - {type: activation, activation: softmax}\n"),
        ("L202", "network: {activation: linear}"),
        ("L203", "network: {activation: softmax}"),
        ("L204", "network: {depth: 10, activation: sigmoid}"),
        ("L205", "network: {units: 2}"),
        ("L206", "network: {initializer: {name: constant, value: 0.01}}"),
        ("L206", "network: {initializer: zeros, activation: sigmoid}"),
        ("L301", "data: {normalize: none}"),
        ("L302", "data: {validation: 0}"),
        ("L401", "network: {dropout: 0.7}"),
        ("L401", FLAT + "    - {type: dropout, rate: 0.8}\n" + OUTPUT),
        ("L402", "network: {regularizer: {l2: 0.1}}"),
        ("L501", "training: {batch_size: 10000}"),
        ("L502", "optimizer: {name: adam, learning_rate: 0.5}"),
        ("L502", "optimizer: {name: sgd, learning_rate: 1.0e-6}"),
        ("L503", "training: {early_stopping: {patience: 0}}"),
        ("L504", SHORT_DECAY),
        ("L505", "metrics: [recall]"),
    ],
)  # fmt: skip
def test_a_fault_is_found(code: str, text: str) -> None:
    assert code in codes(text)


def test_every_rule_is_tested() -> None:
    mark = test_a_fault_is_found.pytestmark[0]  # type: ignore[attr-defined]
    assert {rule.code for rule in RULES} == {code for code, _ in mark.args[1]}


def test_errors_are_rare_and_first() -> None:
    tips = lint(parse("loss: mse\ndata: {normalize: none}\nnetwork: {initializer: zeros}"))
    assert [tip.severity for tip in tips] == ["error", *["tip"] * (len(tips) - 1)]
    assert len(tips) == 3


def test_a_tip_has_file_line_key_and_fix() -> None:
    text = "description: raw\ndata:\n  normalize: none\n"
    (tip,) = lint(parse(text, "raw.yaml"))
    assert str(tip).startswith("raw.yaml:3: data.normalize: inputs go up to 255; use unit")


def test_a_tip_on_an_override_names_set() -> None:
    (tip,) = lint(parse("{}", "c.yaml", ["network.dropout=0.9"]))
    assert str(tip).startswith("--set: network.dropout: 90% dropped")


@pytest.mark.parametrize(
    ("text", "patch"),
    [
        ("loss: mse", {"loss": "categorical_crossentropy"}),
        ("network: {output_activation: relu}", {"network.output_activation": "softmax"}),
        (
            "data: {name: circles}\nloss: binary_crossentropy\n"
            "network: {output_activation: linear}",
            {"network.output_activation": "sigmoid"},
        ),
        (LOGITS_OF_SOFTMAX, {"loss.from_logits": False}),
    ],
)
def test_the_patch_fixes_the_mismatch(text: str, patch: dict[str, object]) -> None:
    mismatch = mismatch_of(text)
    assert mismatch is not None
    assert mismatch.patch == patch
    changes = [f"{key}={str(value).lower()}" for key, value in patch.items()]
    assert mismatch_of(text, *changes) is None


def test_an_unusual_learning_rate_names_the_default() -> None:
    (tip,) = lint(parse("optimizer: {name: sgd, learning_rate: 1.0e+30}"))
    assert "try 0.01, Keras' default" in tip.message


def test_memory_grows_with_the_optimizer_and_the_precision() -> None:
    adam = memory.memory(parse("optimizer: adam"), 1000)
    assert memory.memory(parse("optimizer: sgd"), 1000) < adam == 1000 * 5 * 4
    assert (
        memory.memory(parse("{optimizer: adam, training: {precision: float64}}"), 1000) == 2 * adam
    )


def test_a_network_beyond_memory_is_refused_and_nothing_written(tmp_path: Path) -> None:
    from kerasdemo.training import runner

    config = parse("{data: {name: fizzbuzz}, network: {depth: 2, units: 10000000}}")
    with pytest.raises(InputError, match="parameters need at least"):
        runner.run(config, tmp_path / "results")
    assert not (tmp_path / "results").exists()


def test_ignored_rules_are_left_out() -> None:
    text = "loss: mse\ndata: {normalize: none}\n"
    assert codes(text) == ["L201", "L301"]
    assert codes(text + "ignore: [L301]") == ["L201"]
