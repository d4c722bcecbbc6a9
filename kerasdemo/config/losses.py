"""Which losses are for what: classes, labels or numbers; probabilities or any output."""

# Losses that read the output as probabilities, unless `from_logits` says otherwise.
PROBABILITIES = frozenset(
    {
        "categorical_crossentropy",
        "sparse_categorical_crossentropy",
        "categorical_focal_crossentropy",
        "categorical_generalized_cross_entropy",
        "kl_divergence",
        "binary_crossentropy",
        "binary_focal_crossentropy",
    }
)
# Losses for numbers, not for classes: flat where a softmax or sigmoid saturates at a wrong class.
REGRESSION = frozenset(
    {
        "mean_squared_error",
        "mean_absolute_error",
        "mean_absolute_percentage_error",
        "mean_squared_logarithmic_error",
        "huber",
        "log_cosh",
        "poisson",
        "cosine_similarity",
    }
)
# Losses that take the class itself, not a column for each.
OF_CLASSES = ("sparse_categorical_crossentropy", "categorical_generalized_cross_entropy")
# Losses of one unit for two classes, or of one for each label.
OF_LABELS = ("binary_crossentropy", "binary_focal_crossentropy", "hinge", "squared_hinge")


def threshold(name: str, *, from_logits: bool) -> float:
    """Return what an output must exceed to count as positive.

    Logits and what a hinge loss reads turn at 0, probabilities at one half.
    """
    return 0.0 if from_logits or "hinge" in name else 0.5
