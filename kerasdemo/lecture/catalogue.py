"""Every demo of the lecture, part by part."""

from kerasdemo.config import Fault, InputError
from kerasdemo.config.errors import unknown
from kerasdemo.lecture.demo import Demo, Part

PARTS: dict[Part, str] = {
    "introduction": "Introduction of deep learning (lecture 6)",
    "backpropagation": "Backpropagation (lecture 7)",
    "keras": "Keras (lectures 8-1 to 8-3)",
    "tips": "Tips for training (lecture 9-1)",
    "keras2": "Keras demo 2 (lecture 9-2)",
    "fizzbuzz": "FizzBuzz (lecture 9-3)",
}

DEMOS: tuple[Demo, ...] = (
    Demo(
        "deeper_or_wider",
        "introduction",
        "deeper against wider with equal parameters",
        experiment="introduction/deeper_or_wider",
    ),
    Demo(
        "first_network",
        "keras",
        "the first network, with sigmoid and with ReLU",
        experiment="keras/first_network",
    ),
    Demo(
        "batch_size",
        "keras",
        "what a batch is: time and learning of one epoch",
        experiment="keras/batch_size",
    ),
    Demo(
        "first_results",
        "keras",
        "the first results: at chance, wider and deeper",
        experiment="keras/first_results",
    ),
    Demo("depth", "tips", "depth on the training set", experiment="tips/depth"),
    Demo(
        "deeper_is_not_overfitting",
        "tips",
        "deeper and worse, but not overfitting",
        experiment="tips/deeper_is_not_overfitting",
    ),
    Demo("optimizers", "tips", "Keras' optimizers on MNIST", experiment="tips/optimizers"),
    Demo(
        "early_stopping",
        "tips",
        "stopping where the validation loss turns",
        experiment="tips/early_stopping",
    ),
    Demo(
        "training_set",
        "keras2",
        "the training set first: loss, batches, activation, optimizer",
        experiment="keras2/training_set",
    ),
    Demo(
        "deeper",
        "keras2",
        "ten more layers, and what must be right for them",
        experiment="keras2/deeper",
    ),
    Demo(
        "testing_set",
        "keras2",
        "then the test set: noise, and dropout against it",
        experiment="keras2/testing_set",
    ),
    Demo(
        "fizzbuzz",
        "fizzbuzz",
        "FizzBuzz with 100 and with 1000 hidden units",
        experiment="fizzbuzz/fizzbuzz",
    ),
)


def find(word: str) -> list[Demo]:
    """Return the demo of that name, or all demos of that part.

    Raises:
        InputError: where there is neither.
    """
    # FizzBuzz is a part and its only demo.
    found = [demo for demo in DEMOS if demo.name == word] or [
        demo for demo in DEMOS if demo.part == word
    ]
    if not found:
        raise InputError(Fault(unknown("demo", word, [*PARTS, *(demo.name for demo in DEMOS)])))
    return found
