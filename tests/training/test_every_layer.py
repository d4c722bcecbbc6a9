"""Every layer of the vocabulary: its shapes and parameters are Keras', and it trains."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from kerasdemo.config import RunConfig, keras_arguments, parse
from kerasdemo.config.layers import layers_of
from kerasdemo.config.tensor_shapes import Shape
from kerasdemo.config.types import Network
from kerasdemo.training import network

FLAT, SEQUENCE, IMAGE, VOLUME, VIDEO = (6,), (8, 6), (8, 8, 3), (6, 6, 6, 2), (3, 8, 8, 2)
# The layer's arguments, and the shape of an example that it takes.
CASES: list[tuple[str, Mapping[str, Any], Shape]] = [
    ("activation", {"activation": "relu"}, FLAT),
    ("activity_regularization", {"l2": 0.1}, FLAT),
    ("adaptive_average_pooling1d", {"output_size": 3}, SEQUENCE),
    ("adaptive_average_pooling2d", {"output_size": [3, 2]}, IMAGE),
    ("adaptive_average_pooling3d", {"output_size": 2}, VOLUME),
    ("adaptive_max_pooling1d", {"output_size": 3}, SEQUENCE),
    ("adaptive_max_pooling2d", {"output_size": 3}, IMAGE),
    ("adaptive_max_pooling3d", {"output_size": 2}, VOLUME),
    ("alpha_dropout", {"rate": 0.3}, FLAT),
    ("aug_mix", {"value_range": [0, 1]}, IMAGE),
    ("auto_contrast", {"value_range": [0, 1]}, IMAGE),
    ("average_pooling1d", {"pool_size": 3}, SEQUENCE),
    ("average_pooling2d", {"pool_size": [3, 2], "strides": 1, "padding": "same"}, IMAGE),
    ("average_pooling3d", {"pool_size": 2}, VOLUME),
    ("batch_normalization", {"scale": False}, IMAGE),
    ("bidirectional", {"layer": {"type": "lstm", "units": 3}}, SEQUENCE),
    (
        "bidirectional",
        {"layer": {"type": "gru", "units": 3, "return_sequences": True}, "merge_mode": "sum"},
        SEQUENCE,
    ),
    ("category_encoding", {"num_tokens": 9}, FLAT),
    ("category_encoding", {"num_tokens": 9, "output_mode": "one_hot"}, FLAT),
    ("center_crop", {"height": 5, "width": 4}, IMAGE),
    (
        "contrast_limited_adaptive_histogram_equalization",
        {"value_range": [0, 1], "tile_grid_size": [2, 2]},
        IMAGE,
    ),
    ("conv1d", {"filters": 4, "kernel_size": 3, "padding": "causal", "dilation_rate": 2}, SEQUENCE),
    ("conv1d_transpose", {"filters": 4, "kernel_size": 3, "strides": 2}, SEQUENCE),
    ("conv2d", {"filters": 4, "kernel_size": [3, 2], "strides": [2, 1]}, IMAGE),
    ("conv2d_transpose", {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same"}, IMAGE),
    ("conv2d_transpose", {"filters": 4, "kernel_size": 2, "strides": 3}, IMAGE),
    (
        "conv2d_transpose",
        {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same", "output_padding": 1},
        IMAGE,
    ),
    ("conv3d", {"filters": 3, "kernel_size": 2}, VOLUME),
    ("conv3d_transpose", {"filters": 3, "kernel_size": 2}, VOLUME),
    ("conv_lstm1d", {"filters": 3, "kernel_size": 2}, (3, 8, 2)),
    ("conv_lstm2d", {"filters": 3, "kernel_size": 2, "return_sequences": True}, VIDEO),
    ("conv_lstm3d", {"filters": 2, "kernel_size": 2, "strides": 2}, (2, 4, 4, 4, 1)),
    ("cropping1d", {"cropping": [1, 2]}, SEQUENCE),
    ("cropping2d", {"cropping": [1, 2]}, IMAGE),
    ("cropping3d", {"cropping": [[1, 0], [0, 2], [1, 1]]}, VOLUME),
    ("dense", {"units": 5}, SEQUENCE),
    ("depthwise_conv1d", {"kernel_size": 3, "depth_multiplier": 2}, SEQUENCE),
    ("depthwise_conv2d", {"kernel_size": 3, "use_bias": False}, IMAGE),
    ("discretization", {"bin_boundaries": [-1, 0, 1]}, FLAT),
    ("discretization", {"bin_boundaries": [-1, 0, 1], "output_mode": "one_hot"}, FLAT),
    ("dropout", {"rate": 0.3}, FLAT),
    (
        "einsum_dense",
        {"equation": "abc,cd->abd", "output_shape": [8, 5], "bias_axes": "d"},
        SEQUENCE,
    ),
    ("einsum_dense", {"equation": "...x,xy->...y", "output_shape": 5}, SEQUENCE),
    ("elu", {"alpha": 0.5}, FLAT),
    ("embedding", {"input_dim": 20, "output_dim": 4}, FLAT),
    ("flatten", {}, IMAGE),
    ("gaussian_dropout", {"rate": 0.3}, FLAT),
    ("gaussian_noise", {"stddev": 0.3}, FLAT),
    ("global_average_pooling1d", {}, SEQUENCE),
    ("global_average_pooling2d", {"keepdims": True}, IMAGE),
    ("global_average_pooling3d", {}, VOLUME),
    ("global_max_pooling1d", {"keepdims": True}, SEQUENCE),
    ("global_max_pooling2d", {}, IMAGE),
    ("global_max_pooling3d", {}, VOLUME),
    ("group_normalization", {"groups": 3}, IMAGE),
    ("gru", {"units": 4}, SEQUENCE),
    ("gru", {"units": 4, "reset_after": False, "return_sequences": True}, SEQUENCE),
    ("identity", {}, FLAT),
    ("layer_normalization", {}, IMAGE),
    ("leaky_re_lu", {"negative_slope": 0.1}, FLAT),
    (
        "lstm",
        {"units": 4, "dropout": 0.2, "recurrent_dropout": 0.2, "activation": "relu"},
        SEQUENCE,
    ),
    ("masking", {"mask_value": 0}, SEQUENCE),
    ("max_pooling1d", {}, SEQUENCE),
    ("max_pooling2d", {"padding": "same", "pool_size": 3}, IMAGE),
    ("max_pooling3d", {}, VOLUME),
    (
        "mel_spectrogram",
        {
            "fft_length": 32,
            "sequence_stride": 16,
            "num_mel_bins": 4,
            "sampling_rate": 100,
            "min_freq": 1,
        },
        (100,),
    ),
    ("normalization", {"mean": 0.5, "variance": 2}, FLAT),
    ("normalization", {"mean": [1, 2, 3], "variance": [1, 1, 2]}, IMAGE),
    ("p_re_lu", {"shared_axes": [1, 2]}, IMAGE),
    ("permute", {"dims": [2, 1]}, SEQUENCE),
    ("rand_augment", {"value_range": [0, 1]}, IMAGE),
    ("random_brightness", {"factor": 0.2, "value_range": [0, 1]}, IMAGE),
    ("random_color_degeneration", {"factor": 0.2, "value_range": [0, 1]}, IMAGE),
    ("random_color_jitter", {"value_range": [0, 1], "brightness_factor": 0.1}, IMAGE),
    ("random_contrast", {"factor": 0.2, "value_range": [0, 1]}, IMAGE),
    ("random_crop", {"height": 5, "width": 6}, IMAGE),
    ("random_elastic_transform", {"value_range": [0, 1]}, IMAGE),
    ("random_erasing", {"factor": [0.5, 1], "value_range": [0, 1]}, IMAGE),
    ("random_flip", {"mode": "horizontal"}, IMAGE),
    ("random_gaussian_blur", {"value_range": [0, 1]}, IMAGE),
    ("random_grayscale", {"factor": 0.4}, IMAGE),
    ("random_hue", {"factor": 0.1, "value_range": [0, 1]}, IMAGE),
    ("random_invert", {"value_range": [0, 1]}, IMAGE),
    ("random_perspective", {"factor": 0.5}, IMAGE),
    ("random_posterization", {"factor": 4, "value_range": [0, 1]}, IMAGE),
    ("random_rotation", {"factor": [-0.1, 0.2], "fill_mode": "nearest"}, IMAGE),
    ("random_saturation", {"factor": 0.2, "value_range": [0, 1]}, IMAGE),
    ("random_sharpness", {"factor": 0.2, "value_range": [0, 1]}, IMAGE),
    ("random_shear", {"x_factor": 0.2}, IMAGE),
    ("random_translation", {"height_factor": 0.1, "width_factor": [-0.2, 0.3]}, IMAGE),
    ("random_zoom", {"height_factor": 0.1}, IMAGE),
    ("re_lu", {"max_value": 6}, FLAT),
    ("repeat_vector", {"n": 3}, FLAT),
    ("rescaling", {"scale": 0.5}, IMAGE),
    ("reshape", {"target_shape": [3, -1]}, FLAT),
    ("resizing", {"height": 5, "width": 4, "interpolation": "bicubic"}, IMAGE),
    ("rms_normalization", {}, FLAT),
    ("separable_conv1d", {"filters": 4, "kernel_size": 3}, SEQUENCE),
    ("separable_conv2d", {"filters": 4, "kernel_size": 3, "depth_multiplier": 2}, IMAGE),
    ("simple_rnn", {"units": 4, "return_sequences": True}, SEQUENCE),
    ("softmax", {}, FLAT),
    ("solarization", {"value_range": [0, 1]}, IMAGE),
    ("spatial_dropout1d", {"rate": 0.3}, SEQUENCE),
    ("spatial_dropout2d", {"rate": 0.3}, IMAGE),
    ("spatial_dropout3d", {"rate": 0.3}, VOLUME),
    ("spectral_normalization", {"layer": {"type": "dense", "units": 4}}, FLAT),
    (
        "spectral_normalization",
        {"layer": {"type": "conv2d", "filters": 2, "kernel_size": 3, "activation": "relu"}},
        IMAGE,
    ),
    ("stft_spectrogram", {"frame_length": 8, "frame_step": 4}, (32, 2)),
    ("stft_spectrogram", {"frame_length": 8, "mode": "real", "expand_dims": True}, (32, 2)),
    ("time_distributed", {"layer": {"type": "dense", "units": 4}}, SEQUENCE),
    (
        "time_distributed",
        {"layer": {"type": "conv2d", "filters": 2, "kernel_size": 3}},
        VIDEO,
    ),
    ("unit_normalization", {}, FLAT),
    ("up_sampling1d", {"size": 3}, SEQUENCE),
    ("up_sampling2d", {"size": [2, 3], "interpolation": "bilinear"}, IMAGE),
    ("up_sampling3d", {}, VOLUME),
    ("zero_padding1d", {"padding": [1, 2]}, SEQUENCE),
    ("zero_padding2d", {"padding": [[1, 2], [0, 3]]}, IMAGE),
    ("zero_padding3d", {"padding": 2}, VOLUME),
]
NAMES = [f"{kind}-{number}" for number, (kind, *_) in enumerate(CASES)]


def config_of(layers: list[Any]) -> RunConfig:
    """A config with these layers, whatever its data is."""
    base = parse("data: {name: mnist_sample}\nloss: mean_squared_error\n")
    return base.model_copy(update={"network": Network.model_validate({"layers": layers})})


def test_there_is_a_case_for_every_layer() -> None:
    assert {kind for kind, *_ in CASES} == keras_arguments.names("layers").keys()


@pytest.mark.parametrize(("kind", "arguments", "shape"), CASES, ids=NAMES)
def test_shapes_parameters_and_a_step_are_those_of_keras(
    kind: str, arguments: Mapping[str, Any], shape: Shape
) -> None:
    # Not every layer lets a mask through.
    behind = {"type": "gru", "units": 2} if kind == "masking" else {"type": "flatten"}
    config = config_of([{"type": kind, **arguments}, behind, {"type": "dense", "units": 2}])
    declared = layers_of(config, shape, 2)
    built = network.build(config, shape, 2)
    for one, other in zip(declared, network.describe_layers(built, config), strict=True):
        assert (one.name, one.type, one.key) == (other.name, other.type, other.key)
        assert (one.input_shape, one.output_shape) == (other.input_shape, other.output_shape)
        assert one.parameters == other.parameters
        assert one.activation == other.activation
        assert (one.units, one.fan_in) == (other.units, other.fan_in)
    rng = np.random.default_rng(0)
    is_word = kind in ("embedding", "category_encoding")
    x = rng.integers(0, 9, (4, *shape)) if is_word else rng.uniform(size=(4, *shape))
    x = x.astype(np.float32)
    assert built(x).shape == (4, 2)
    built.compile(optimizer="sgd", loss="mse", run_eagerly=True)
    before = built.layers[-1].get_weights()
    assert np.isfinite(built.train_on_batch(x, np.ones((4, 2), np.float32))).all()
    assert not np.array_equal(before[1], built.layers[-1].get_weights()[1])
