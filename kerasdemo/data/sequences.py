"""Texts as rows of words' numbers, all of one length."""

from collections.abc import Iterable

import numpy as np

from kerasdemo.data.dataset import Array

# As keras.datasets.imdb and reuters number words: 0 fills up, 1 begins, 2 is every rare word.
FILLING, RARE = 0, 2


def pad(texts: Iterable[Iterable[int]], length: int, tokens: int) -> Array:
    """Return texts as rows (n, length) int32, as keras.utils.pad_sequences: the last words count.

    Args:
        texts: the words' numbers of each; 0 is left out.
        length: of a row; shorter texts are filled up in front, longer ones lose their beginning.
        tokens: numbers from here on become that of a rare word.
    """
    rows = []
    for text in texts:
        words = np.asarray(text)
        words = words[words != FILLING][-length:]
        row = np.full(length, FILLING, np.int32)
        row[length - len(words) :] = np.where(words < tokens, words, RARE)
        rows.append(row)
    return np.stack(rows)
