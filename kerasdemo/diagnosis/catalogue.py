"""Every rule of the diagnosis by its code, and its page."""

import re

from kerasdemo.config import InputError, lint
from kerasdemo.config.errors import unknown
from kerasdemo.diagnosis import causes, outcomes
from kerasdemo.diagnosis.rule import Rule

LINT = {
    "error": "An error of `kerasdemo check`, told before training: the network can't learn so.",
    "tip": "A tip of `kerasdemo check`, told before training: it may work, but worse or slower.",
}
RULES: dict[str, Rule] = {rule.code: rule for rule in (*outcomes.RULES, *causes.RULES)}


# A word on more pages than this tells none of them.
MOST_PAGES = 3


def find(word: str) -> list[Rule]:
    """Return the rules with a code (`K202`) or a name (`vanishing_gradient`), in order of code.

    Else those whose pages speak of it: `past its best epoch`, as titles of verdicts say. Of
    `healthy, overconfident` what comes first is a name.

    Raises:
        InputError: where there is none.
    """
    text = " ".join(word.lower().split())
    found = _named(text) or _mentioning(text) or _named(text.partition(",")[0])
    if not found:
        names = [*RULES, *(r.code for r in lint.RULES), *{r.name: 0 for r in RULES.values()}]
        raise InputError(unknown("code", word, names))
    return sorted(found, key=lambda rule: rule.code)


def _named(text: str) -> list[Rule]:
    name = text.replace(" ", "_")
    return [rule for rule in RULES.values() if text == rule.code.lower() or name == rule.name]


def _mentioning(text: str) -> list[Rule]:
    """Return the rules that say these words: in the title, else anywhere on the page."""
    whole = re.compile(rf"(?<!\w){re.escape(text)}(?!\w)")
    rules = list(RULES.values())
    titles, pages = [rule.title for rule in rules], [rule.page for rule in rules]
    for texts in (titles, pages):
        plain = [" ".join(one.lower().split()) for one in texts]
        found = [rule for rule, one in zip(rules, plain, strict=True) if whole.search(one)]
        if 0 < len(found) <= MOST_PAGES and len(text) > 2:
            return found
    return []


def explain(word: str) -> str:
    """Return the page of a code, or of all rules with a name, as Markdown.

    Codes that start with L are those of `kerasdemo check`.

    Raises:
        InputError: where there is none.
    """
    for rule in lint.RULES:
        if rule.code == word.strip().upper():
            return f"# {rule.code}: {rule.title}\n\n{LINT[rule.severity]}\n"
    return "\n".join(rule.page for rule in find(word))
