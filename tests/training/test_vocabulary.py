"""Config's words are the installed Keras' words."""

import pytest

from kerasdemo.config import vocabulary
from kerasdemo.training.backend import keras
from kerasdemo.training.vocabulary import classes, describe


def test_the_vocabulary_is_the_installed_keras() -> None:
    written = {kind: vocabulary.names(kind) for kind in ("activations", "losses", "initializers")}
    assert {kind: describe()[kind] for kind in written} == written, "run `make schema`"
    assert describe()["optimizers"] == vocabulary.names("optimizers")


@pytest.mark.parametrize("kind", ["losses", "initializers", "optimizers"])
def test_every_name_makes_its_object_with_its_defaults(kind: str) -> None:
    for name, arguments in vocabulary.names(kind).items():
        assert classes(kind)[name](**arguments)


def test_short_names_mean_what_they_mean_in_keras() -> None:
    for alias, name in vocabulary.aliases("losses").items():
        assert keras.losses.get(alias) is keras.losses.get(name)
    for alias, name in vocabulary.aliases("activations").items():
        assert keras.activations.get(alias) is keras.activations.get(name)
