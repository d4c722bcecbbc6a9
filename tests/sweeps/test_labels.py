"""Labels of runs, and the names of their folders."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kerasdemo.sweeps.labels import folder_name, make_label, shorten_paths


def test_shortened_paths_differ() -> None:
    paths = ["data.noise.test", "data.test", "optimizer.learning_rate", "network.layers.0.units"]
    assert list(shorten_paths(paths).values()) == [
        "noise.test",
        "data.test",
        "learning_rate",
        "units",
    ]


def test_labels_look_like_yaml_and_folders_keep_their_names() -> None:
    values = {"optimizer": {"name": "sgd", "momentum": 0.9}, "network.units": [3, 4]}
    label = make_label(values)
    assert label == "optimizer={name: sgd, momentum: 0.9}, units=[3, 4]"
    assert make_label({"optimizer": {"name": "adam"}}) == "optimizer=adam"


WORDS = st.text("abc_.-+/\\'\" ", max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


@given(value=st.dictionaries(WORDS, VALUES, min_size=2, max_size=3))
def test_folders_keep_the_names_that_they_had(value: dict[str, Any]) -> None:
    # Labels once had the look of Python.
    assert folder_name(make_label({"optimizer": value})) == folder_name(f"optimizer={value}")


def test_a_folder_name_is_safe() -> None:
    assert folder_name("units=[3, 4], name=ü/..") == "units=_3_4_+name"
    assert folder_name("x" * 200) == ""
