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
        "worked_network",
        "introduction",
        "the worked network, number for number",
        calculation="introduction:worked_network",
    ),
    Demo(
        "batch_against_loop",
        "introduction",
        "one matrix product against a loop over examples",
        calculation="introduction:batch_against_loop",
    ),
    Demo(
        "cross_entropy",
        "introduction",
        "softmax and cross-entropy, and why it leaves the plateau",
        calculation="cross_entropy:softmax_cross_entropy",
    ),
    Demo(
        "loss_surface",
        "introduction",
        "gradient descent on a real loss surface",
        calculation="loss_surface:loss_surface",
    ),
    Demo(
        "deeper_or_wider",
        "introduction",
        "deeper against wider with equal parameters",
        experiment="introduction/deeper_or_wider",
    ),
    Demo(
        "depth_history",
        "introduction",
        "deeper networks erred less, figures of others",
        calculation="introduction:depth_history",
    ),
    Demo(
        "forward_backward",
        "backpropagation",
        "forward pass, backward pass, and their product",
        calculation="backpropagation:forward_backward",
    ),
    Demo(
        "any_dense_network",
        "backpropagation",
        "by hand for any dense network",
        calculation="backpropagation:any_dense_network",
    ),
    Demo(
        "cost",
        "backpropagation",
        "what the backward pass costs",
        calculation="backpropagation:cost",
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
        "what a batch is: the time of an epoch, and what three teach",
        experiment="keras/batch_size",
    ),
    Demo(
        "first_results",
        "keras",
        "the first results: at chance, wider and deeper",
        experiment="keras/first_results",
    ),
    Demo(
        "depth",
        "tips",
        "depth on the training set",
        experiment="tips/depth",
    ),
    Demo(
        "deeper_is_not_overfitting",
        "tips",
        "deeper and worse, but not overfitting",
        experiment="tips/deeper_is_not_overfitting",
    ),
    Demo(
        "vanishing",
        "tips",
        "gradient norm by layer and epoch, sigmoid against ReLU",
        calculation="vanishing:gradients_by_layer",
        experiment="tips/vanishing",
    ),
    Demo(
        "intuition",
        "tips",
        "one first-layer weight is changed: the change shrinks",
        calculation="activations:intuition",
    ),
    Demo(
        "activation_variants",
        "tips",
        "ReLU and its variants",
        calculation="activations:activation_variants",
        experiment="tips/activation_variants",
    ),
    Demo(
        "thin_network",
        "tips",
        "ReLU's thin linear network for one example",
        calculation="activations:thin_network",
        experiment="tips/activation_variants",
    ),
    Demo(
        "maxout_numbers",
        "tips",
        "the slide's maxout numbers, and ReLU as a special case",
        calculation="maxout:maxout_numbers",
    ),
    Demo(
        "maxout",
        "tips",
        "the shapes that trained maxout units learned",
        calculation="maxout:maxout_shapes",
        experiment="tips/maxout",
    ),
    Demo(
        "update_rules",
        "tips",
        "the optimizers' update rules by hand",
        calculation="update_rules:update_rules",
    ),
    Demo(
        "surfaces",
        "tips",
        "five optimizers on the bowl, the banana, the local minimum",
        calculation="surfaces:optimizers_on_surfaces",
    ),
    Demo(
        "optimizers",
        "tips",
        "Keras' optimizers on MNIST",
        experiment="tips/optimizers",
    ),
    Demo(
        "early_stopping",
        "tips",
        "stopping where the validation loss turns",
        experiment="tips/early_stopping",
    ),
    Demo(
        "regularization",
        "tips",
        "what L1 and L2 do to the weights",
        calculation="regularization:weight_histograms",
        experiment="tips/regularization",
    ),
    Demo(
        "dropout_masks",
        "tips",
        "dropout: another thin network for every mini-batch",
        calculation="dropout:dropout_masks",
    ),
    Demo(
        "linear_ensemble",
        "tips",
        "a linear unit is the mean of its thin networks",
        calculation="dropout:linear_ensemble",
    ),
    Demo(
        "dropout_ensemble",
        "tips",
        "the mean of thin networks against scaled weights",
        calculation="dropout:ensemble_on_mnist",
        experiment="tips/dropout_ensemble",
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
