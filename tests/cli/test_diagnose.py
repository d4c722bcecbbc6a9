"""diagnose, explain."""

import json
from pathlib import Path

from kerasdemo.config import load
from tests.cli.conftest import Call


def test_runs_are_found_by_name_beginning_and_path(
    folder: Path, run_names: list[str], kerasdemo: Call
) -> None:
    name = run_names[0]
    named, begun, placed = (
        json.loads(kerasdemo("diagnose", word, "--json").out)
        for word in (name, name[:-2], f"results/runs/{name}")
    )
    assert named == begun == placed
    assert named[0]["outcome"] == "still_improving"
    assert named[0]["causes"]
    assert kerasdemo("diagnose", *run_names).out.count("tiny-") == 2


def test_ignored_rules_do_not_decide(folder: Path, run_names: list[str], kerasdemo: Call) -> None:
    (verdict,) = json.loads(kerasdemo("diagnose", run_names[0], "--json").out)
    for verb in ("diagnose", "show"):
        shown = kerasdemo(verb, run_names[0], "--ignore", verdict["code"]).out
        assert verdict["summary"] not in shown
        assert verdict["summary"] in kerasdemo(verb, run_names[0]).out
    wrong = kerasdemo("diagnose", run_names[0], "--ignore", "K999")
    assert wrong.code == 2
    assert "error: ignore: no rule has the code 'K999'" in wrong.err


def test_patch_writes_the_first_remedy(folder: Path, run_names: list[str], kerasdemo: Call) -> None:
    assert "wrote tiny_patched.yaml" in kerasdemo("diagnose", run_names[0], "--patch").out
    verdict = json.loads(kerasdemo("diagnose", run_names[0], "--json").out)[0]
    patch = verdict["remedies"][0]["patch"]
    assert patch == {"training.batch_size": load("tiny_patched.yaml").training.batch_size}
    assert "already exists" in kerasdemo("diagnose", run_names[0], "--patch").out
    Path("tiny_patched.yaml").unlink()


def test_explain_prints_a_page(kerasdemo: Call) -> None:
    assert "vanish" in kerasdemo("explain", "vanishing_gradient").out
