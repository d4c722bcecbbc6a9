"""Outcomes of runs that say too little."""

from kerasdemo.diagnosis import remedies
from kerasdemo.diagnosis.baselines import find_training_shortfall
from kerasdemo.diagnosis.features import RunFeatures, known
from kerasdemo.diagnosis.rule import Finding, OutcomeRule
from kerasdemo.diagnosis.rules.loss_only import find_reference, is_falling
from kerasdemo.diagnosis.val_loss_rise import find_rise


class NothingToDiagnose(OutcomeRule):
    """No whole epoch, no accuracy, or a run that failed."""

    code = "K001"
    name = "cannot_tell"
    title = "There is nothing to diagnose"
    severity = "unknown"

    how_detected = (
        "The run failed, no whole epoch was trained, or the training accuracy was not measured."
    )
    why_it_matters = "A verdict without a measurement would be a guess."
    what_to_try = "Read the run's `reason` in run.json, fix that, and train again."

    def find(self, features: RunFeatures) -> Finding | None:
        if features.has_diverged:
            return None
        if features.run.status == "failed":
            reason = features.run.facts.get("reason") or "it gives no reason"
            text = f"The run failed before it could be diagnosed: {reason}."
        elif not features.epochs:
            text = "No whole epoch was trained, so there is nothing to diagnose: train on."
        elif features.score is None and not features.is_judged_by_loss:
            text = (
                "The training accuracy was not measured: only the loss is known, and it does not "
                "say how good is good."
            )
        else:
            return None
        return Finding(text, remedies=[remedies.train_beyond_one_epoch(features)])


class SingleEpoch(OutcomeRule):
    """One epoch that is not good yet has no direction."""

    code = "K002"
    name = "cannot_tell"
    title = "One epoch has no direction"
    severity = "unknown"

    how_detected = "A single epoch was trained and the training accuracy is not good (yet)."
    why_it_matters = (
        "One point does not say whether the curve rises: it may be stuck or on its way."
    )
    what_to_try = "Train for more epochs."

    def find(self, features: RunFeatures) -> Finding | None:
        if features.epochs > 1:
            return None
        if features.is_judged_by_loss:
            text = (
                "Only the loss of a single epoch is known: more epochs would show whether it falls."
            )
            return Finding(text, {"epochs": 1})
        if find_training_shortfall(features) is None:
            return None
        score, scale = features.score or 0.0, features.scale
        return Finding(
            f"Training {scale.name} is {scale.text(score)} after a single epoch: more epochs would "
            "show whether it goes on rising.",
            {scale.metric: score, "epochs": features.epochs},
            remedies=[remedies.train_beyond_one_epoch(features)],
        )


class NoScale(OutcomeRule):
    """An accuracy that can be compared with nothing."""

    code = "K003"
    name = "cannot_tell"
    title = "Nothing to compare the accuracy with"
    severity = "unknown"

    GOOD = 0.9

    how_detected = "Neither classes nor a baseline are known."
    why_it_matters = "60 % is bad for two classes and good for a hundred."
    what_to_try = "Train the run with this version, which writes both into run.json."

    def find(self, features: RunFeatures) -> Finding | None:
        accuracy = features.score
        if accuracy is None or features.chance is not None or accuracy >= self.GOOD:
            return None
        remedy = "train it again, so that run.json has them"
        if features.run.path is None and features.config is None:
            remedy = "kerasdemo.fit and kerasdemo.Recorder(x, y) measure both"
        return Finding(
            f"Training accuracy is {accuracy:.1%}, but neither the number of classes nor a "
            f"baseline is known: {remedy}.",
            {"accuracy": accuracy},
            remedies=[remedies.train_beyond_one_epoch(features)],
        )


class LossWithoutScale(OutcomeRule):
    """A loss that can be compared with nothing."""

    code = "K004"
    name = "cannot_tell"
    title = "Nothing to compare the loss with"
    severity = "unknown"

    how_detected = (
        "Only the loss is known, neither the untrained network's nor that of a constant answer is, "
        "and its curves show no fault: training did not end while it still fell, and the "
        "validation loss did not rise."
    )
    why_it_matters = "A loss has the unit of its targets: 100 may be a triumph or no better than 0."
    what_to_try = (
        'A metric that has a scale, `metrics=["accuracy"]` or `[keras.metrics.R2Score()]` in '
        "`compile`; `kerasdemo.fit`, which measures it and simple baselines."
    )

    def find(self, features: RunFeatures) -> Finding | None:
        loss, losses = features.at("loss"), features.history.loss
        if not features.is_judged_by_loss or loss is None or find_reference(features) is not None:
            return None
        course = "did not fall"
        if loss < losses[0]:
            end = "still falls" if is_falling(features) else "does not fall any more"
            course = f"fell from {losses[0]:.4g} to {loss:.4g} and {end}"
        rises = ", and the validation loss did not rise" if features.val_loss else ""
        rises = rises if find_rise(features) is None else ", while the validation loss rose"
        return Finding(
            f"The training loss {course}{rises}; whether {loss:.4g} is "
            'good a loss alone does not say: pass metrics=["accuracy"] or '
            "[keras.metrics.R2Score()] to compile, or train with kerasdemo.fit, which compares it "
            "with simple baselines.",
            known(loss=loss, val_loss=features.at("val_loss")),
        )


class LinearNetwork(OutcomeRule):
    """Hidden layers without a curve between them, of a network that is not perfect."""

    code = "K007"
    name = "cannot_tell"
    title = "The network is a linear model"
    severity = "unknown"

    # From here on a linear model is good enough.
    GOOD = 0.95
    # Layers that keep a linear model linear once it is trained.
    LINEAR = frozenset({"flatten", "dropout", "batch_normalization", "rescaling", "normalization"})

    how_detected = (
        "There are hidden layers, all of them linear, and nothing else that is not; no other "
        f"outcome was found; and the score went less than {GOOD:.0%} of the way from chance to "
        "perfect."
    )
    why_it_matters = (
        "Linear layers one after the other are one linear layer: a linear fit finds the same "
        "without training, and what a network could do is not known."
    )
    what_to_try = "ReLU in the hidden layers; or, where a linear model is wanted, none of them."

    def find(self, features: RunFeatures) -> Finding | None:
        score, progress = features.score, features.progress(features.score)
        others = (one for one in features.run.network if not one.has_kernel)
        is_linear = all(one.activation == "linear" for one in features.hidden) and all(
            one.type in self.LINEAR or (one.type == "activation" and one.activation == "linear")
            for one in others
        )
        if not (features.hidden and is_linear and features.is_known_chain):
            return None
        if score is None or progress is None or progress >= self.GOOD:
            return None
        scale = features.scale
        return Finding(
            f"Training {scale.name} is {scale.text(score)}, but the hidden layers are linear: "
            "together they are one linear layer, and what a network could do is not known.",
            known(**{scale.metric: score}, linear_layers=float(len(features.hidden))),
            remedies=[remedies.change_activation(features)],
        )
