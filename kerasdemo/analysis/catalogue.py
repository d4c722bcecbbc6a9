"""Every rule of the diagnosis by its code, and its page."""

from kerasdemo.analysis import causes, outcomes
from kerasdemo.analysis.rule import Rule
from kerasdemo.config import InputError, lint
from kerasdemo.config.errors import unknown

LINT = {
    "error": "An error of `kerasdemo check`, told before training: the network can't learn so.",
    "tip": "A tip of `kerasdemo check`, told before training: it may work, but worse or slower.",
}
RULES: dict[str, Rule] = {rule.code: rule for rule in (*outcomes.RULES, *causes.RULES)}


def find(word: str) -> list[Rule]:
    """Return the rules with a code (`K202`) or a name (`vanishing_gradient`), in order of code.

    Raises:
        InputError: where there is none.
    """
    asked = word.strip()
    code = asked.upper()
    found = [rule for rule in RULES.values() if code == rule.code or asked.lower() == rule.name]
    if not found:
        names = [*RULES, *(r.code for r in lint.RULES), *{r.name: 0 for r in RULES.values()}]
        raise InputError(unknown("code", word, names))
    return sorted(found, key=lambda rule: rule.code)


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
