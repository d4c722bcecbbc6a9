"""Tables of text."""

from kerasdemo.display.tables import render


def test_numbers_are_aligned_right_and_text_left() -> None:
    rows = [
        {
            "run": "a",
            "seed": 0,
            "accuracy": 0.98765,
            "date": "2026-01-02",
            "share": "9.5 %",
            "note": None,
        },
        {
            "run": "longer",
            "seed": 12,
            "accuracy": None,
            "date": None,
            "share": "12 %",
            "note": None,
        },
    ]
    assert render(rows).splitlines() == [
        "run     seed  accuracy  date        share  note",
        "a          0    0.9877  2026-01-02  9.5 %  -",
        "longer    12         -  -            12 %  -",
    ]


def test_a_cell_stays_in_its_line_and_moves_no_cursor() -> None:
    assert render([{"name": "two\nlines\x1b[2J", "is": True}]).splitlines() == [
        "name           is",
        "two lines?[2J  True",
    ]


def test_no_rows_are_no_table() -> None:
    assert render([]) == ""
