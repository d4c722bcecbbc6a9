"""Backpropagation by hand gives the gradients of automatic differentiation."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasdemo.config import InputError, parse
from kerasdemo.lecture.demos import dense
from kerasdemo.lecture.demos.by_hand import compare_gradients

ELEMENTWISE = sorted(set(dense.ACTIVATIONS) - {"softmax"})
# Rounding in float64.
TOLERANCE = 1e-9


@settings(max_examples=12)
@given(
    depth=st.integers(0, 4),
    units=st.integers(1, 6),
    activation=st.sampled_from(ELEMENTWISE),
    output=st.sampled_from(["softmax", "sigmoid", "linear", "tanh"]),
    loss=st.sampled_from(sorted(dense.LOSSES)),
    seed=st.integers(0, 99),
)
def test_any_small_network(
    depth: int, units: int, activation: str, output: str, loss: str, seed: int
) -> None:
    if loss == "categorical_crossentropy":
        output = "softmax"
    text = (
        f"seed: {seed}\ndata: {{name: blobs, train: 30, validation: 0, test: 1}}\n"
        f"network: {{depth: {depth}, units: {units}, activation: {activation}, "
        f"output_activation: {output}, regularizer: {{l1: 0.01, l2: 0.03}}}}\n"
        f"loss: {loss}\ntraining: {{batch_size: 20}}"
    )
    agreement = compare_gradients(parse(text))
    assert agreement.largest < TOLERANCE
    assert len(agreement.differences) == 2 * (depth + 1)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("network: {dropout: 0.5}", "dropout"),
        ("network: {normalization: batch}", "normalization"),
        ("network: {activation: maxout}", "maxout"),
        ("network: {activation: softmax}", "softmax"),
        ("loss: mae", "mean_absolute_error"),
        ("loss: {name: categorical_crossentropy, label_smoothing: 0.1}", "label_smoothing"),
        (
            "network: {layers: [{type: conv2d, filters: 2, kernel_size: 3}, {type: flatten}, "
            "{type: dense, units: 10, activation: softmax}]}",
            "conv2d",
        ),
        (
            "network: {layers: [{type: dense, units: 4}, {type: flatten}, "
            "{type: dense, units: 10, activation: softmax}]}",
            "flatten it before",
        ),
    ],
)
def test_everything_else_is_refused(text: str, named: str) -> None:
    sample = "data: {name: mnist_sample, train: 20, validation: 0, test: 1}\n"
    with pytest.raises(InputError, match=named) as caught:
        compare_gradients(parse(sample + text))
    assert caught.value.faults[0].key is not None
