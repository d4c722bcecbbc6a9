"""Causes in single layers: frozen weights, batch normalization on tiny batches."""

from kerasdemo.diagnosis import remedies
from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.diagnosis.rule import CauseRule, Finding


class FrozenLayers(CauseRule):
    """Layers with `trainable=False` that would have to learn."""

    code = "K213"
    name = "frozen_layers"
    title = "Layers are frozen"
    is_root = True
    always = True

    # The share of the layers with weights from which on they are most of the network.
    MOST = 0.5

    how_detected = (
        "Weights that do not train, because of `trainable=False` when the model was compiled: of "
        "the output layer, of every layer, or, where training failed, of others. A trained output "
        "on a frozen base is transfer learning, and no fault where it fits."
    )
    why_it_matters = (
        "A frozen layer stays what it was: behind an untrained one the network learns from random "
        "numbers, and a frozen output answers at random whatever the layers before it learn "
        "(Yosinski et al. 2014, How transferable are features in deep neural networks?)."
    )
    what_to_try = (
        "`layer.trainable = True` before `model.compile`; for a base that is trained already, its "
        "weights loaded, and then a small learning rate such as 1e-5."
    )

    def find(self, features: RunFeatures) -> Finding | None:
        frozen = features.setup.frozen
        if not frozen:
            return None
        trained = [one.name for one in features.run.network if one.parameters]
        output = features.network[-1].name if features.network else None
        suggested = [remedies.unfreeze(features)]
        evidence = {"frozen_layers": len(frozen), "trained_layers": len(trained)}
        if not trained:
            return Finding("Every layer with weights is frozen.", evidence, 0.98, suggested)
        if output in frozen:
            text = f"The output layer, {output}, is frozen: it stays as it was before training."
            return Finding(text, evidence, 0.95, suggested)
        share = len(frozen) / (len(frozen) + len(trained))
        names = ", ".join(frozen[:3]) + (", ..." if len(frozen) > 3 else "")
        return Finding(
            f"{len(frozen)} of {len(frozen) + len(trained)} layers with weights are frozen "
            f"({names}): they give what they gave before training.",
            evidence,
            0.55 if share >= self.MOST else 0.4,
            suggested,
        )


class TinyBatchesNormalized(CauseRule):
    """Batch normalization by the statistics of a handful of examples."""

    code = "K221"
    name = "tiny_batches_normalized"
    title = "Batch normalization sees too few examples"
    is_root = True

    FEW = 8

    how_detected = (
        f"The network normalizes by batch, and a batch has fewer than {FEW} examples, from which "
        "on the error of batch normalization grows quickly (Wu and He 2018, Group Normalization, "
        "figure 1: 8, 4 and 2 images)."
    )
    why_it_matters = (
        "The mean and variance of a few examples are mostly noise. Training sees that noise, and "
        "prediction, with averages over many batches, does not: it is another network (Ioffe 2017, "
        "Batch Renormalization). Of a single example a dense layer is normalized to nothing at all."
    )
    what_to_try = "Batches of 32; layer normalization."

    def find(self, features: RunFeatures) -> Finding | None:
        size = features.batch_size
        normalizations = [
            one
            for one in features.run.network
            if one.type == "batch_normalization" and one.name not in features.setup.frozen
        ]
        if size is None or size >= self.FEW or not normalizations:
            return None
        is_flat = any(len(one.input_shape) == 1 for one in normalizations)
        examples = f"{size} example{'s' * (size != 1)}"
        is_nothing = size == 1 and is_flat
        end = ", which is 0 of one example alone" if is_nothing else ""
        return Finding(
            f"Batch normalization takes its mean and variance from {examples} at a time{end}.",
            {"batch_size": size, "normalizations": len(normalizations)},
            0.95 if is_nothing else 0.7 if size <= self.FEW // 2 else 0.5,
            [remedies.use_batches_of(features), remedies.normalize_by_layer(features)],
        )
