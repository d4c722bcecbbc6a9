"""Too few updates and oscillation, on curves written by hand."""

from kerasdemo.diagnosis import diagnose
from tests.factories import MakeRun, mnist_config


def test_ups_and_downs_are_oscillation(run: MakeRun) -> None:
    swinging = [0.7 + 0.06 * (-1) ** n for n in range(20)]
    verdict = diagnose(run(loss=[0.9 + 0.1 * (-1) ** n for n in range(20)], accuracy=swinging))
    assert "oscillation" in [cause.name for cause in verdict.causes][:2]


def test_a_slow_training_gets_the_lectures_two_means_before_more_epochs(run: MakeRun) -> None:
    slow = {
        "loss": [2.3 - 0.09 * n for n in range(20)],
        "accuracy": [0.3 + 0.02 * n for n in range(20)],
    }
    patches = [
        r.patch
        for r in diagnose(run(mnist_config("activation: sigmoid", "name: sgd"), **slow)).remedies
    ]
    both = {"network.activation": "relu", "optimizer": {"name": "adam", "learning_rate": 0.001}}
    assert patches[:3] == [both, *({key: value} for key, value in both.items())]
    assert {"training.epochs": 40} in patches
    plain = diagnose(run(mnist_config("activation: relu", "name: adam"), **slow)).remedies
    assert plain[0].patch == {"training.epochs": 40}


def test_a_training_that_has_hardly_begun_gets_more_than_twice_the_epochs(run: MakeRun) -> None:
    begun = {
        "loss": [2.3 - 0.02 * n for n in range(20)],
        "accuracy": [0.11 + 0.01 * n for n in range(20)],
    }
    remedies = diagnose(run(mnist_config("activation: relu", "name: adam"), **begun)).remedies
    assert {"training.epochs": 100} in [remedy.patch for remedy in remedies]
