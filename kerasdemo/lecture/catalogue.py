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

# fmt: off
DEMOS: tuple[Demo, ...] = (
    Demo("introduction", "worked_network", "the worked network, number for number",
         calculation="worked_network:worked_network"),
    Demo("introduction", "batch_against_loop", "one matrix product, or a loop over the examples",
         calculation="speed:batch_against_loop"),
    Demo("introduction", "cross_entropy", "softmax and cross-entropy, and why they avoid plateaus",
         calculation="cross_entropy:softmax_cross_entropy"),
    Demo("introduction", "loss_surface", "gradient descent on a real loss surface",
         calculation="loss_surface:loss_surface"),
    Demo("introduction", "deeper_or_wider", "deeper or wider, with equally many parameters",
         experiment="introduction/deeper_or_wider"),
    Demo("introduction", "depth_history", "deeper networks have lower errors: published figures",
         calculation="depth_history:depth_history"),
    Demo("backpropagation", "forward_backward", "forward pass, backward pass, and their product",
         calculation="backpropagation:forward_backward"),
    Demo("backpropagation", "any_dense_network", "backpropagation by hand for any dense network",
         calculation="backpropagation:any_dense_network"),
    Demo("backpropagation", "cost", "what the backward pass costs",
         calculation="speed:cost_of_backward_pass"),
    Demo("keras", "first_network", "the first network, with sigmoid and with ReLU",
         experiment="keras/first_network"),
    Demo("keras", "batch_size", "batch size: time of an epoch, and accuracy after three epochs",
         experiment="keras/batch_size"),
    Demo("keras", "first_results", "the first results: at chance level, wider and deeper",
         experiment="keras/first_results"),
    Demo("tips", "depth", "depth on the training set",
         experiment="tips/depth"),
    Demo("tips", "deeper_is_not_overfitting", "a deeper network that is worse without overfitting",
         experiment="tips/deeper_is_not_overfitting"),
    Demo("tips", "vanishing", "gradient norm by layer and epoch, sigmoid and ReLU",
         calculation="vanishing:gradients_by_layer", experiment="tips/vanishing"),
    Demo("tips", "intuition", "a change of one first-layer weight shrinks layer by layer",
         calculation="weight_change:intuition"),
    Demo("tips", "activation_variants", "ReLU and its variants",
         calculation="activation_variants:compare", experiment="tips/activation_variants"),
    Demo("tips", "thin_network", "ReLU's thin linear network for one example",
         calculation="thin_network:thin_network", experiment="tips/activation_variants"),
    Demo("tips", "maxout_numbers", "the slide's maxout numbers, and ReLU as a special case",
         calculation="maxout:maxout_numbers"),
    Demo("tips", "maxout", "the shapes that trained maxout units learned",
         calculation="maxout:maxout_shapes", experiment="tips/maxout"),
    Demo("tips", "update_rules", "the optimizers' update rules by hand",
         calculation="update_rules:update_rules"),
    Demo("tips", "surfaces", "five optimizers on a bowl, a banana and a local minimum",
         calculation="surfaces:optimizers_on_surfaces"),
    Demo("tips", "optimizers", "Keras' optimizers on MNIST",
         experiment="tips/optimizers"),
    Demo("tips", "early_stopping", "stop when the validation loss rises",
         experiment="tips/early_stopping"),
    Demo("tips", "regularization", "what L1 and L2 do to the weights",
         calculation="regularization:weight_histograms", experiment="tips/regularization"),
    Demo("tips", "dropout_masks", "dropout: a different thin network for every mini-batch",
         calculation="dropout:dropout_masks"),
    Demo("tips", "linear_ensemble", "a linear unit is the mean of its thin networks",
         calculation="dropout:linear_ensemble"),
    Demo("tips", "dropout_ensemble", "the mean of thin networks, and scaled weights instead",
         calculation="dropout_ensemble:ensemble_on_mnist", experiment="tips/dropout_ensemble"),
    Demo("keras2", "training_set", "the training set first: loss, batches, activation, optimizer",
         experiment="keras2/training_set"),
    Demo("keras2", "deeper", "ten more layers, and what they need",
         experiment="keras2/deeper"),
    Demo("keras2", "testing_set", "then the test set: noise, and dropout against it",
         experiment="keras2/testing_set"),
    Demo("fizzbuzz", "fizzbuzz", "FizzBuzz with 100 and with 1000 hidden units",
         experiment="fizzbuzz/fizzbuzz"),
)
# fmt: on


def select(word: str) -> list[Demo]:
    """Return the demo of a name, or all demos of a part.

    Raises:
        InputError: where the word is neither.
    """
    # FizzBuzz is a part and its only demo.
    demos = [demo for demo in DEMOS if demo.name == word]
    demos = demos or [demo for demo in DEMOS if demo.part == word]
    if not demos:
        raise InputError(Fault(unknown("demo", word, [*PARTS, *(demo.name for demo in DEMOS)])))
    return demos
