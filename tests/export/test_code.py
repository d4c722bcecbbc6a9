"""What is written as code gives the value back, and nothing else, whatever is in it."""

import ast
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasdemo.export.code import WIDTH, call, comment, keywords, lay_out, value

HOSTILE = [
    '"); __import__("os").system("ls") #',
    "'); __import__('os').system('ls') #",
    "a\nimport os\n",
    "\\",
    "\\'",
    "both \" and '",
    '"""',
    "{x} %s \0 \r \u2028 \ud800 é",
    "",
]
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


def evaluate(code: str) -> Any:
    return eval(code, {"__builtins__": {}, "float": float})


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_texts(text: str) -> None:
    assert ast.literal_eval(value(text)) == text
    line = lay_out(call("f", keywords({"name": text, "other": [text] * 30})))
    (statement,) = ast.parse("\n".join(line)).body
    assert isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
    assert ast.literal_eval(statement.value.keywords[0].value) == text
    assert not ast.parse(comment(text)).body


@settings(max_examples=50)
@given(PLAIN)
def test_plain_values_are_given_back(thing: Any) -> None:
    code = value(thing)
    assert evaluate(code) == thing
    assert ast.dump(ast.parse("\n".join(lay_out(f"x = f({code})")))) == (
        ast.dump(ast.parse(f"x = f({code})"))
    )


@given(st.text())
def test_a_comment_is_one(text: str) -> None:
    assert not ast.parse(comment(text)).body


def test_what_is_not_plain_is_refused() -> None:
    with pytest.raises(TypeError, match="object is no plain value"):
        value(object())
    for name in ("a b", "x=1, y", "class", "a\n", "é"):
        with pytest.raises(TypeError, match="is no argument"):
            keywords({name: 1})


def test_long_lines_are_laid_out_by_their_brackets() -> None:
    words = [f"word {number}" for number in range(100)]
    lines = lay_out(f"words = {value(words)}")
    assert max(map(len, lines)) <= WIDTH and len(lines) < 30
    long = call("model.fit", [f"argument_{number}=f({number})" for number in range(9)])
    assert lay_out(long)[1] == "    argument_0=f(0),"
