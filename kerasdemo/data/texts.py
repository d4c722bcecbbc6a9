"""Texts as sequences of words' numbers, the same as Keras' TextVectorization makes."""

import string
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from kerasdemo.data.dataset import Array

PADDING, UNKNOWN = 0, 1
# Numbers below are no words.
FIRST_WORD = 2
PUNCTUATION = string.punctuation.encode()


@dataclass(frozen=True)
class TextEncoding:
    """How texts become numbers.

    Args:
        vocabulary: the known words, the most frequent first; the number of the first is 2. 0 fills
            up short texts, 1 stands for every other word.
        length: words of each text that are read.
    """

    vocabulary: tuple[str, ...]
    length: int

    @classmethod
    def fit(cls, texts: Iterable[str], max_tokens: int, length: int) -> "TextEncoding":
        """Return the encoding whose vocabulary is the most frequent words of the training texts.

        Words that are equally frequent are in the order of the alphabet.

        Args:
            texts: of the training examples.
            max_tokens: numbers that there are, 0 and 1 among them.
            length: as of the class.
        """
        counts = Counter(word for text in texts for word in split_words(text))
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        return cls(tuple(ranked[: max_tokens - FIRST_WORD]), length)

    def encode(self, texts: Iterable[str]) -> Array:
        """Return texts (n,) as words' numbers (n, length) int32."""
        numbers = {word: number for number, word in enumerate(self.vocabulary, start=FIRST_WORD)}
        rows = [
            [numbers.get(word, UNKNOWN) for word in split_words(text)[: self.length]]
            for text in texts
        ]
        encoded = np.full((len(rows), self.length), PADDING, np.int32)
        for row, found in zip(encoded, rows, strict=True):
            row[: len(found)] = found
        return encoded


def split_words(text: str) -> list[str]:
    """Return a text's words as `lower_and_strip_punctuation` and `whitespace` make them.

    Keras knows the upper case, punctuation and white space of ASCII only.
    """
    stripped = text.encode().lower().translate(None, PUNCTUATION)
    return [word.decode() for word in stripped.split()]
