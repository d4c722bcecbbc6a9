"""Causes that gradients and activations show. All but a hidden softmax are symptoms."""

from kerasdemo.diagnosis import curves, remedies
from kerasdemo.diagnosis.features import CAN_DIE, SQUASHING, RunFeatures, known
from kerasdemo.diagnosis.rule import CauseRule, Finding

# Share of units from which a layer is nearly all dead or flat, and half dead or flat.
ALL = 0.9
HALF = 0.5


class VanishingGradient(CauseRule):
    """The layers near the input get almost no gradient, though their units are alive."""

    code = "K202"
    name = "vanishing_gradient"
    title = "The gradient vanishes on its way to the input"

    # AUTOTRAINER (ICSE 2021): first layer's gradient over the last one's.
    VANISHED = 1e-3
    # A gradient that a deep squashing network still has, but little of.
    VANISHING = 1e-2
    # Bengio et al. 1994: simple recurrence trained by gradients fails from some 20 steps on;
    # orthogonal initial weights, Keras' default, reach further.
    LONG = 50

    how_detected = (
        f"The first layer's gradient norm is below {VANISHED:g} of the last one's (AUTOTRAINER, "
        f"ICSE 2021), or {VANISHING:g} with squashing activations; the median of the first quarter "
        "of the epochs. Not where a layer of dead units is what stops it. Softmax between hidden "
        f"layers does it by itself; so does a SimpleRNN through {LONG} time steps or more (Bengio "
        "et al. 1994)."
    )
    why_it_matters = (
        "Each sigmoid passes on at most a quarter of the gradient. The layers near the input stay "
        "random, and the layers behind them learn from random numbers."
    )
    what_to_try = (
        "relu; an initializer made for it; batch normalization; an optimizer that adapts each "
        "weight's step."
    )

    def find(self, features: RunFeatures) -> Finding | None:
        softmax = next((one for one in features.hidden if one.activation == "softmax"), None)
        if softmax is not None:
            # The slope of one of n shares is at most about 1 / n.
            return Finding(
                f"softmax as a hidden activation lets {softmax.units} units share an output of 1: "
                f"signal and gradient shrink about {softmax.units}-fold there.",
                {"units": softmax.units},
                0.88,
                [
                    remedies.change_activation(features),
                    remedies.add_normalization(features),
                    remedies.use_adam(features),
                ],
                epoch=1,
            )
        forgotten = self._find_forgotten(features)
        if forgotten is not None:
            return forgotten
        if features.worst_hidden("dead", CAN_DIE)[0] >= ALL or len(features.hidden) < 2:
            return None
        ratio, squashes = features.gradient_ratio, features.has_squashing
        if ratio is None or ratio >= (self.VANISHING if squashes else self.VANISHED):
            return None
        return Finding(
            f"The first layer's gradient is {ratio:.1e} of the last one's, through "
            f"{len(features.hidden)} hidden layers.",
            {"gradient_ratio": ratio, "hidden_layers": len(features.hidden)},
            0.85 if ratio < self.VANISHED else 0.5,
            [
                remedies.change_activation(features)
                if squashes
                else remedies.change_initializer(features),
                remedies.add_normalization(features),
                remedies.use_adam(features),
            ],
            epoch=1,
        )

    def _find_forgotten(self, features: RunFeatures) -> Finding | None:
        """Return simple recurrence through more time steps than its gradient gets through."""
        steps = features.time_steps or 0
        is_simple = any(layer.type == "simple_rnn" for layer in features.recurrent)
        if not is_simple or steps < self.LONG or features.has_diverged:
            return None
        return Finding(
            f"A SimpleRNN goes through {steps} time steps: the gradient of an early one is a "
            f"product of as many factors.",
            {"time_steps": steps},
            0.7,
            [remedies.remember_longer(features), remedies.use_adam(features)],
            epoch=1,
        )


class ExplodingGradient(CauseRule):
    """The gradient grows towards the input, or from epoch to epoch until it breaks."""

    code = "K203"
    name = "exploding_gradient"
    title = "The gradient explodes"

    # AUTOTRAINER (ICSE 2021): first layer's gradient over the last one's.
    EXPLODED = 70.0
    # Pascanu et al. 2013 clip gradients to norms around 1.
    LEAST_NORM = 1.0

    how_detected = (
        f"The first layer's gradient norm is more than {EXPLODED:.0f} times the last one's "
        "(AUTOTRAINER, ICSE 2021), a layer's grew as much over the run and beyond "
        f"{LEAST_NORM:g}, or it became NaN; or the loss of a recurrent network did."
    )
    why_it_matters = (
        "One step throws away what all the steps before it learned. A recurrent network multiplies "
        "the gradient by the same weights at every time step (Pascanu et al. 2013)."
    )
    what_to_try = (
        "A smaller learning rate, clipped gradients, smaller initial weights, normalization."
    )

    def find(self, features: RunFeatures) -> Finding | None:
        ratio, clipped = features.gradient_ratio, remedies.clip_gradients(features)
        # A tiny gradient that grew to less than 1 did not explode: clipping starts there.
        norms = [n for n in features.statistic("gradient_norm") if n and n[0] > 0]
        growths = [max(n) / n[0] for n in norms if max(n) >= self.LEAST_NORM]
        growth = max(growths, default=1.0)
        is_deep = len(features.hidden) >= 2 or bool(features.recurrent)
        grows_backwards = ratio is not None and ratio > self.EXPLODED and is_deep
        steps = features.time_steps
        if grows_backwards:
            text = f"The first layer's gradient is {ratio:.0f} times the last one's."
        elif growth >= self.EXPLODED:
            text = f"Gradients grew {growth:.0f}-fold over the run."
        elif any(curves.first_broken(one.gradient_norm) for one in features.run.layers.values()):
            text = "Gradients became NaN or infinite."
        elif features.recurrent and features.has_diverged:
            text = "The loss of a recurrent network broke."
        else:
            return None
        if features.recurrent:
            through = f"{steps} time steps" if steps else "the time steps"
            text = f"{text} It is multiplied by the same weights through {through}."
        return Finding(
            text,
            known(gradient_growth=growth, gradient_ratio=ratio, time_steps=steps),
            0.7 if grows_backwards else 0.55,
            [
                *([remedies.bound_recurrence(features), clipped] if features.recurrent else []),
                remedies.lower_learning_rate(features),
                clipped,
                remedies.change_initializer(features),
                remedies.add_normalization(features),
            ],
        )


class DeadUnits(CauseRule):
    """A layer most of whose units fire for no example."""

    code = "K204"
    name = "dead_units"
    title = "Units are dead"

    how_detected = (
        f"At least {HALF:.0%} of a hidden layer's units fire for none of the examples that "
        "statistics of layers are measured on. A unit that is 0 for most examples is ordinary "
        "sparsity and does not count."
    )
    why_it_matters = "A relu that is 0 for every example has no gradient: it never comes back."
    what_to_try = "leaky_relu, a better initializer, normalization, a smaller learning rate."

    def find(self, features: RunFeatures) -> Finding | None:
        share, name = features.worst_hidden("dead", CAN_DIE)
        if share < HALF:
            return None
        return Finding(
            f"{share:.0%} of the units of {name} fire for no example.",
            {"dead": share, "layer": name},
            0.85 if share >= ALL else 0.45,
            [
                remedies.change_activation(features, "leaky_relu"),
                remedies.change_initializer(features),
                remedies.add_normalization(features),
                remedies.lower_learning_rate(features),
            ],
        )


class Saturation(CauseRule):
    """A layer most of whose outputs lie where its activation is flat."""

    code = "K205"
    name = "saturation"
    title = "Units are saturated"

    how_detected = (
        f"At least {HALF:.0%} of a hidden layer's outputs are within 1 % of an end of the "
        "activation's range, on the examples that statistics of layers are measured on."
    )
    why_it_matters = "There the activation is flat, and a flat activation has no gradient."
    what_to_try = "relu, smaller initial weights, inputs of the size of 1, normalization."

    def find(self, features: RunFeatures) -> Finding | None:
        share, name = features.worst_hidden("saturated", SQUASHING)
        if share < HALF:
            return None
        return Finding(
            f"{share:.0%} of the outputs of {name} lie where its activation is flat.",
            {"saturated": share, "layer": name},
            0.7 if share >= ALL else 0.55,
            [
                remedies.change_activation(features),
                remedies.change_initializer(features),
                remedies.add_normalization(features),
                remedies.lower_learning_rate(features),
            ],
        )
