"""Texts: the numbers of words are those of Keras' TextVectorization."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasdemo.backend import keras, tf
from kerasdemo.data.texts import TextEncoding, split_words

AWKWARD = (
    "Hello, World! hello",
    "",
    "   ",
    "?!...",
    "tab\tnew\nline\rreturn\x0bvertical\x0cform",
    "don't [UNK] _under_score_ back\\slash `tick` ~{}|^ 1,234.5",
    "ÄÖÜ Straße ÉCOLE İstanbul",
    "no\u00a0break ideographic\u3000space line\u2028separator next\x85line",
    "…dots—dash «quotes» “curly”",
    "emoji 😀😀 👍 日本語 テキスト",
    "unit\x1fseparator \x1c file \x7f delete",
    "a\u0301 combined",
    "one two three four five six seven eight nine",
)


def keras_numbers(encoding: TextEncoding, texts: list[str]) -> np.ndarray:
    layer = keras.layers.TextVectorization(
        vocabulary=list(encoding.vocabulary), output_sequence_length=encoding.length
    )
    return np.asarray(layer(tf.constant(texts)))


@pytest.mark.parametrize("tokens", [3, 10, 1_000])
def test_awkward_texts_have_the_numbers_of_keras(tokens: int) -> None:
    encoding = TextEncoding.fit(AWKWARD, tokens, length=6)
    assert len(encoding.vocabulary) <= tokens - 2
    found = encoding.encode(AWKWARD)
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, keras_numbers(encoding, list(AWKWARD)))


CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


@given(st.lists(st.text(CHARACTERS), min_size=1, max_size=5))
@settings(max_examples=20)
def test_any_text_has_the_numbers_of_keras(texts: list[str]) -> None:
    encoding = TextEncoding.fit(texts, 1_000, length=8)
    if encoding.vocabulary:
        expected = keras_numbers(encoding, texts)
        np.testing.assert_array_equal(encoding.encode(texts), expected)


def test_the_vocabulary_has_the_most_frequent_words() -> None:
    texts = ["b b a", "c a b", "d"]
    assert TextEncoding.fit(texts, 5, 4).vocabulary == ("b", "a", "c")
    assert TextEncoding.fit(texts, 4, 4).encode(["a, d B!"]).tolist() == [[3, 1, 2, 0]]


def test_the_vocabulary_is_that_of_keras() -> None:
    texts = ["b b a", "c a b b", "a"]
    layer = keras.layers.TextVectorization(max_tokens=4)
    layer.adapt(texts)
    assert layer.get_vocabulary()[2:] == list(TextEncoding.fit(texts, 4, 4).vocabulary)


def test_words_are_split_at_white_space() -> None:
    assert split_words("The wine, the soup -- and it's good.") == [
        *("the", "wine", "the", "soup", "and", "its", "good")
    ]
