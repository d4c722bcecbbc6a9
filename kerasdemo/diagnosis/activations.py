"""What is known of Keras' activations, by name."""

# The slope is 0 over a half line: a unit there for every example gets no gradient.
CAN_DIE = frozenset({"relu", "relu6", "threshold", "hard_shrink", "soft_shrink", "sparse_plus"})
# Flat on both sides.
SQUASHING = frozenset(
    {"sigmoid", "tanh", "softsign", "hard_sigmoid", "hard_tanh", "sparse_sigmoid", "softmax"}
)
