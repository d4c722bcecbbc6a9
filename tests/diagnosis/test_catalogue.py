"""Pages of rules, users' own rules."""

import pytest

from kerasdemo.config import InputError
from kerasdemo.diagnosis import explain
from kerasdemo.diagnosis.catalogue import OURS


def test_the_catalogue_has_a_page_for_every_rule() -> None:
    assert len({rule.code for rule in OURS}) == len(OURS)
    for rule in OURS:
        page = explain(rule.code)
        for heading in ("How it is detected", "Why it matters", "What to try"):
            assert heading in page
        assert rule.name in page


def test_explain_takes_a_name_and_names_the_nearest() -> None:
    assert explain("optimization_failure").count("# K11") == 3
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
