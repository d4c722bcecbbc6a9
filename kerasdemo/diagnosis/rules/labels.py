"""Rare positives and wrong labels."""

import math
from statistics import NormalDist

from kerasdemo.diagnosis import remedies
from kerasdemo.diagnosis.curves import Z_95, share_error
from kerasdemo.diagnosis.features import RARE, RunFeatures, known
from kerasdemo.diagnosis.rule import CauseRule, Finding, OutcomeRule

NORMAL = NormalDist()
# A balanced accuracy half of the way from chance to perfect.
HALF_WAY = 0.75
# Points of balanced accuracy that another threshold would bring.
LOST = 0.1


def find_reachable(auc: float) -> float:
    """Return the balanced accuracy that the best threshold reaches.

    Where the scores of positives and negatives are two normal distributions of one sd, d apart,
    the area is Phi(d / sqrt 2), and the threshold halfway is right on Phi(d / 2) of both (Hanley
    and McNeil 1982; Macmillan and Creelman 2005).
    """
    distance = math.sqrt(2) * NORMAL.inv_cdf(min(max(auc, 1e-6), 1 - 1e-6))
    return NORMAL.cdf(distance / 2)


def find_missed(features: RunFeatures) -> dict[str, float] | None:
    """Return the numbers of a run that misses a rare kind of label, or None."""
    share, balanced = features.rare_share, features.at("balanced_accuracy")
    if share is None or balanced is None or balanced >= HALF_WAY:
        return None
    auc = features.at("auc")
    found = {"rare_share": share, "balanced_accuracy": balanced}
    if auc is None:
        return found
    reachable = find_reachable(auc)
    found |= {"auc": auc, "reachable": reachable}
    return found if reachable - balanced >= LOST else None


class RarePositivesMissed(OutcomeRule):
    """High accuracy by the frequent kind alone, though the network tells the two apart."""

    code = "K113"
    name = "optimization_failure"
    title = "The rare kind is missed"

    how_detected = (
        f"For labels that are 0 or 1, one of them on at most {RARE:.0%} of the training examples: "
        f"balanced accuracy (the mean of the accuracies on both kinds) is below {HALF_WAY:.0%}, "
        f"and the area under the ROC curve allows {100 * LOST:.0f} points more with another "
        "threshold, as for two normal distributions."
    )
    why_it_matters = (
        "With 2 % of positives a network that never finds one is right on 98 %. What it has "
        "learned, its threshold of 1/2 does not show."
    )
    what_to_try = "`class_weight`; or another threshold, chosen on validation examples."

    def find(self, features: RunFeatures) -> Finding | None:
        missed = find_missed(features)
        accuracy = features.at("accuracy")
        if missed is None or "auc" not in missed or accuracy is None:
            return None
        return Finding(
            f"Training accuracy is {accuracy:.1%}, but balanced accuracy only "
            f"{missed['balanced_accuracy']:.1%}: the rare kind ({missed['rare_share']:.1%} of the "
            "labels) is mostly missed.",
            features.training_evidence | missed,
        )


class RarePositives(CauseRule):
    """A loss that the frequent kind dominates."""

    code = "K219"
    name = "rare_positives"
    title = "One of two kinds is rare"
    is_root = True

    how_detected = (
        f"One of two labels is on at most {RARE:.0%} of the training examples, balanced accuracy "
        f"is below {HALF_WAY:.0%}, and the area under the ROC curve says that the network tells "
        "the two apart better than that."
    )
    why_it_matters = (
        "The loss is a mean over examples: the rare ones hardly count, and always answering the "
        "frequent kind is nearly as good as the truth (He and Garcia 2009, Learning from "
        "imbalanced data)."
    )
    what_to_try = (
        "`class_weight`, by which both kinds count alike; for several labels a focal loss with "
        "`apply_class_balancing`. Judge by balanced accuracy or the area under the ROC curve."
    )

    def find(self, features: RunFeatures) -> Finding | None:
        missed = find_missed(features)
        if missed is None:
            return None
        auc = missed.get("auc")
        seen = "" if auc is None else f"; the area under the ROC curve is {auc:.2f}"
        return Finding(
            f"The rare kind is on {missed['rare_share']:.1%} of the training examples: balanced "
            f"accuracy is {missed['balanced_accuracy']:.1%}{seen}.",
            known(**missed),
            0.9 if auc is not None else 0.5,
            [remedies.weight_classes(features)],
        )


class WrongLabels(CauseRule):
    """Training examples whose nearest neighbors agree on another label."""

    code = "K220"
    name = "wrong_labels"
    title = "Labels are partly wrong"
    is_root = True
    always = True

    # Measured with right labels: at most 0.10, where classes overlap.
    OVERLAP = 0.1
    MANY = 0.2

    how_detected = (
        f"Significantly more than {OVERLAP:.0%} of the training examples whose 20 nearest "
        "neighbors agree most have another label than these (Northcutt et al. 2021, Confident "
        "Learning, for the idea). Measured on MNIST, blobs, circles and Gaussians: 0 to 10 % with "
        "right labels, 5 to 16 % where 5 % of the labels are wrong, 11 to 21 % where 10 % are, 20 "
        "to 25 % where 20 % are: fewer wrong labels than 10 % are often missed."
    )
    why_it_matters = (
        "The accuracy that training can reach is capped, and what lies above it is memorized "
        "(Zhang et al. 2017, Understanding deep learning requires rethinking generalization)."
    )
    what_to_try = (
        "Look at the examples that a trained network finds most surprising: `np.argsort` of their "
        "losses. Label smoothing and early stopping make wrong labels matter less."
    )

    def find(self, features: RunFeatures) -> Finding | None:
        share = features.fact("data", "label_noise", "suspect_share")
        queries = features.fact("data", "label_noise", "queries") or 0.0
        if share is None or share <= self.OVERLAP:
            return None
        if queries and share - Z_95 * share_error(share, queries) <= self.OVERLAP:
            return None
        return Finding(
            f"Of the examples whose nearest neighbors agree, {share:.0%} have another label.",
            {"suspect_share": share},
            0.8 if share >= self.MANY else 0.65,
            [remedies.smooth_labels(features), remedies.stop_early(features)],
        )
