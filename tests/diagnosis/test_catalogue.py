"""Pages of rules, users' own rules."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from kerasdemo.config import InputError
from kerasdemo.diagnosis import Remedy, catalogue, diagnose, explain
from kerasdemo.diagnosis.catalogue import BUILT_IN
from kerasdemo.display.verdict_text import verdict_lines
from kerasdemo.records import Run
from tests.factories import STUCK, MakeRun


def test_the_catalogue_has_a_page_for_every_rule() -> None:
    assert len({rule.code for rule in BUILT_IN}) == len(BUILT_IN)
    for rule in BUILT_IN:
        page = explain(rule.code)
        for heading in ("How it is detected", "Why it matters", "What to try"):
            assert heading in page
        assert rule.name in page


def test_explain_takes_a_name_and_names_the_nearest() -> None:
    assert explain("optimization_failure").count("# K11") == 5
    assert "Hidden layers are linear" in explain("l202")
    with pytest.raises(InputError, match="vanishing_gradient"):
        explain("vanishing_gradients")


def test_the_pages_say_what_is_done() -> None:
    assert "overconfident" in explain("healthy")
    assert "Guo et al. 2017" in explain("healthy")
    assert "McNemar" in explain("overfitting")
    assert "early stopping" in explain("K100").lower()


@pytest.mark.parametrize("words", ["overconfident", "past its best epoch"])
def test_words_of_a_title_have_a_page(words: str) -> None:
    assert words in explain(words)
    assert explain(f"Healthy, {words}") == explain(words) == explain("K100")


def test_a_name_with_spaces_has_its_page_and_nonsense_none() -> None:
    assert explain("vanishing gradient") == explain("vanishing_gradient")
    assert explain("Optimization failure") == explain("optimization_failure")
    for word in ("the", "no such words", ""):
        with pytest.raises(InputError, match="unknown code"):
            explain(word)


class Package(Protocol):
    def __call__(self, source: str, **rules: str) -> None: ...


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    """Return a function that installs a package with rules: its source, and name -> class."""

    def install(source: str, **rules: str) -> None:
        (tmp_path / "their_rules.py").write_text(
            "from kerasdemo.diagnosis import CauseRule, Finding, NoteRule, Suggestion\n" + source
        )
        metadata = tmp_path / "their_rules-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: their_rules\nVersion: 1\n")
        lines = [f"{name} = their_rules:{cls}" for name, cls in rules.items()]
        (metadata / "entry_points.txt").write_text("\n".join(["[kerasdemo.rules]", *lines]))
        monkeypatch.syspath_prepend(tmp_path)
        catalogue.load_user_rules.cache_clear()

    yield install
    sys.modules.pop("their_rules", None)
    catalogue.load_user_rules.cache_clear()


CAUSE = """
class Stuck(CauseRule):
    code, name, title = "X201", "stuck_at_once", "It never moved"
    is_root = True
    how_detected = "The loss is the same in all epochs."

    def find(self, features):
        if len(set(features.history.loss)) > 1:
            return None
        remedy = Suggestion({"optimizer.learning_rate": 0.3}, "the rate of the house")
        return Finding("The loss never changed.", {"epochs": features.epochs}, 0.99, [remedy])
"""
NOTE = """
class Large(NoteRule):
    code, name, title = "X101", "large_batches", "Batches are large"

    def find(self, features):
        return Finding(f"Batches have {features.batch_size} examples.")
"""


def test_a_users_cause_is_shown_like_ours(run: MakeRun, install: Package) -> None:
    install(CAUSE, stuck="Stuck")
    stuck = run(**STUCK)
    verdict = diagnose(stuck)
    assert verdict.causes[0].code == "X201"
    assert verdict.remedies[0] == Remedy(
        {"optimizer.learning_rate": 0.3}, "the rate of the house", "stuck_at_once"
    )
    assert verdict.as_dict()["causes"][0]["evidence"] == {"epochs": 12}
    lines = [line.text for line in verdict_lines(verdict)]
    assert "  why       stuck at once: The loss never changed." in lines
    assert explain("X201") == explain("stuck at once")
    assert "The loss is the same in all epochs." in explain("X201")
    assert "X201" not in [cause.code for cause in diagnose(stuck, ignore=["x201"]).causes]


def test_a_users_note_stands_in_every_verdict(good: Run, install: Package) -> None:
    install(NOTE, large="Large")
    verdict = diagnose(good)
    assert verdict.is_healthy
    assert verdict.notes == ("X101, large batches: Batches have 100 examples.",)
    assert diagnose(good, ignore=["X101"]).notes == ()


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("raise KeyError('loss')", "KeyError: 'loss'"),
        ("return 'a text'", "expected a Finding or None"),
        ("return Finding('Bad.', weight=3)", "a weight from 0 to 1"),
        ("return Finding('Bad.', {'layers': {1, 2}})", "not JSON serializable"),
        ("return Finding('Bad.', remedies=[Suggestion({'netwrk.depth': 3}, '')])", "network"),
    ],
)
def test_a_users_rule_that_fails_costs_a_warning(
    run: MakeRun, install: Package, body: str, problem: str
) -> None:
    install(CAUSE.replace("if len", f"{body}\n        if len"), stuck="Stuck")
    with pytest.warns(UserWarning, match=f"X201 is left out.*{problem}"):
        verdict = diagnose(run(**STUCK))
    catalogue.load_user_rules.cache_clear()
    assert verdict.outcome == "optimization_failure"
    assert verdict == diagnose(run(**STUCK), ignore=["X201"])


@pytest.mark.parametrize(
    ("source", "rule", "problem"),
    [
        (CAUSE.replace("X201", "K202"), "Stuck", "another rule has the code K202"),
        (CAUSE.replace("X201", "my code"), "Stuck", "capital letters, then digits"),
        (CAUSE.replace('"It never moved"', "None"), "Stuck", "it has no title"),
        (CAUSE.replace("def find", "def look"), "Stuck", "abstract"),
        ("Stuck = print", "Stuck", "a subclass of kerasdemo.diagnosis.CauseRule or NoteRule"),
        (CAUSE, "Missing", "AttributeError"),
        ("import no_such_module", "Stuck", "No module named 'no_such_module'"),
    ],
)
def test_a_rule_that_can_not_be_used_costs_a_warning(
    good: Run, install: Package, source: str, rule: str, problem: str
) -> None:
    install(source, broken=rule)
    with pytest.warns(UserWarning, match=f"the rule broken .* is left out: .*{problem}"):
        verdict = diagnose(good)
    assert verdict.is_healthy
    assert diagnose(good) == verdict  # the warning comes once


def test_of_two_rules_with_one_code_the_first_counts(good: Run, install: Package) -> None:
    install(NOTE, a="Large", b="Large")
    with pytest.warns(UserWarning, match="the rule b .* another rule has the code X101"):
        assert len(diagnose(good).notes) == 1
