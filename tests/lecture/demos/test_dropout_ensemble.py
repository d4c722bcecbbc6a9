"""The average of sampled thin networks, compared with scaled weights."""

from typing import Any

import numpy as np
import pytest

from kerasdemo.lecture.demos import dropout_ensemble


def test_sampling_noise_is_no_difference() -> None:
    rng = np.random.default_rng(0)
    scaled = rng.standard_normal((50, 10))
    members = scaled + rng.standard_normal((400, 50, 10))
    # The noise of the mean alone is 0.05.
    assert dropout_ensemble.rms_difference(members, scaled) < 0.02
    difference = dropout_ensemble.rms_difference(members + 0.5, scaled)
    assert difference == pytest.approx(0.5, abs=0.02)


@pytest.mark.slow
def test_ensembles_of_trained_networks(train: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dropout_ensemble, "MEMBERS", 40)
    activations = ("linear", "relu", "maxout", "sigmoid")
    context = train(
        {name: [f"network.activation={name}", "network.dropout=0.5"] for name in activations},
        seeds=(0,),
    )
    ensemble = dropout_ensemble.sample_ensemble(context.runs["linear"][0])
    assert ensemble.before < 0.1  # linear: only what sampling leaves
    assert ensemble.by_members.shape == (40,)
    output = dropout_ensemble.ensemble_on_mnist(context)
    assert {claim.status for claim in output.claims} == {"undecided"}  # of one seed
    assert len(output.claims) == 7
    assert set(output.figures) == {"average_and_scaled"}
