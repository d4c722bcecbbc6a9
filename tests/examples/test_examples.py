"""The worked examples end as their headers and their page say."""

import re
from pathlib import Path

import pytest
from examples import CONFIGS, PAGE, run

# Scores of the same seed on other machines differ by this much.
CLOSE = 0.03


def test_each_example_is_on_the_page() -> None:
    text = (PAGE / "README.md").read_text(encoding="utf-8")
    assert len(CONFIGS) >= 6
    for file in CONFIGS:
        assert f"configs/examples/{file.name}" in text
        assert (PAGE / f"{file.stem}.png").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("file", CONFIGS, ids=lambda file: file.stem)
def test_an_example_ends_as_its_header_says(file: Path, tmp_path: Path) -> None:
    example = run(file, tmp_path)
    lines = file.read_text(encoding="utf-8").splitlines()
    header = " ".join(line[2:] for line in lines if line.startswith("# "))
    scores = r"\((?:R² )?train ([\d.]+).*?test ([\d.]+).*?; seed 0\)"
    found = re.search(rf"Expect: ([\w ,]+) {scores}", header)
    assert found, header
    assert example.verdict.title.lower() == found[1]
    scale = 100 if "%" in header.partition("Expect")[2] else 1
    facts = example.run.facts
    metric = "r2" if example.run.setup.task == "regression" else "accuracy"
    assert facts["kept"][metric] == pytest.approx(float(found[2]) / scale, abs=CLOSE)
    assert facts["test"][metric] == pytest.approx(float(found[3]) / scale, abs=CLOSE)
    assert example.run.folder.curves_file.stat().st_size > 10_000
