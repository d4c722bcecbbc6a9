"""Every rule of the diagnosis by its code, and its page."""

from kerasdemo.analysis import causes, outcomes
from kerasdemo.analysis.rule import Rule
from kerasdemo.config import InputError
from kerasdemo.config.errors import unknown

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
        names = dict.fromkeys((*RULES, *(rule.name for rule in RULES.values())))
        raise InputError(unknown("code", word, names))
    return sorted(found, key=lambda rule: rule.code)


def explain(word: str) -> str:
    """Return the pages of a code, or of all rules with a name, as Markdown.

    Raises:
        InputError: where there is none.
    """
    return "\n".join(rule.page for rule in find(word))
