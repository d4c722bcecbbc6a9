"""Examples that are measured, out of whatever fit takes."""

from typing import Any

import numpy as np
import pytest

from kerasdemo.backend import keras, tf
from kerasdemo.config import InputError
from kerasdemo.training import examples
from kerasdemo.training.examples import CHUNK, Unreadable

NUMBERS = np.arange(25_000)


def test_a_tenth_of_a_large_set_is_spread_over_it() -> None:
    found = examples.read(NUMBERS[:, None], NUMBERS)
    assert (len(found), found.total) == (2 * CHUNK, 25_000)
    assert (found.y[0], found.y[-1]) == (0, 24_999)
    np.testing.assert_array_equal(found.x[:, 0], found.y)
    assert len(examples.read(NUMBERS[:3_000])) == CHUNK
    assert len(examples.read(NUMBERS[:300])) == 300


def test_chunks_hold_every_example_once() -> None:
    found = examples.whole({"a": NUMBERS[:2_500], "b": [NUMBERS[:2_500]]}, NUMBERS[:2_500])
    chunks = list(found.chunks())
    assert [len(chunk) for chunk in chunks] == [CHUNK, CHUNK, 500]
    np.testing.assert_array_equal(np.concatenate([c.x["b"][0] for c in chunks]), NUMBERS[:2_500])
    assert all(chunk.weight is None for chunk in chunks)
    assert [len(chunk) for chunk in found.chunks(700)] == [700] * 3


def test_numbers_have_keras_type_as_fit_gives_them() -> None:
    found = examples.read(np.ones((3, 2)), np.ones(3, np.int64))
    assert (found.x.dtype, found.y.dtype) == (np.float32, np.int64)


def test_a_shuffled_dataset_is_read_in_its_order_and_still_shuffles_alike() -> None:
    def orders(*, is_read: bool) -> list[list[int]]:
        keras.utils.set_random_seed(3)
        dataset = tf.data.Dataset.from_tensor_slices((NUMBERS[:64], NUMBERS[:64])).shuffle(64)
        dataset = dataset.batch(16)
        if is_read:
            found = examples.read(dataset)
            assert found.x.tolist() == found.y.tolist() == list(range(64))
            assert (found.batch_size, found.total) == (16, 64)
        return [[int(n) for x, _ in dataset for n in x] for _ in range(2)]

    assert orders(is_read=True) == orders(is_read=False)


def test_of_a_long_dataset_the_first_batches_are_read() -> None:
    dataset = tf.data.Dataset.from_tensor_slices(NUMBERS).batch(100)
    found = examples.read(dataset)
    assert (len(found), found.total) == (2 * CHUNK, 25_000)
    assert len(examples.read(dataset.repeat())) == CHUNK


def test_sequences_that_are_padded_batch_by_batch_give_one_batch() -> None:
    rows = tf.ragged.constant([[1], [1, 2], [1, 2, 3], [1, 2, 3, 4]])
    dataset = tf.data.Dataset.from_tensor_slices(rows).map(lambda row: row).padded_batch(2)
    assert examples.read(dataset).x.shape == (2, 2)


def augmented() -> Any:
    noise = keras.layers.GaussianNoise(0.1, seed=3)
    batches = tf.data.Dataset.from_tensor_slices(np.ones((8, 2), np.float32)).batch(4)
    return batches.map(lambda x: noise(x, training=True))


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: iter([np.ones(3)]), "can be read only once"),
        (lambda: tf.sparse.from_dense(np.eye(3)), "SparseTensor is not read"),
        (augmented, "would change what the training sees"),
    ],
)
def test_what_can_not_be_read_twice_is_left_to_the_training(make: Any, expected: str) -> None:
    with pytest.raises(Unreadable, match=expected):
        examples.read(make())


def test_arrays_of_different_lengths_are_an_input_error() -> None:
    with pytest.raises(InputError, match="3 and 4 examples"):
        examples.read(np.ones(3), np.ones(4))
    with pytest.raises(InputError, match="no examples"):
        examples.read(np.ones((0, 2)))
