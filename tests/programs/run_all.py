"""`python -m tests.programs.run_all`: every program by four doors; writes results/python.

Keras' own `fit`, `fit` with a recorder, `kerasdemo.fit`, and the same without recording, each in a
process of its own, so that each pays for its own compilation.
"""

import contextlib
import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
PAGE = REPOSITORY / "results" / "python" / "programs.md"
DOORS = ("fit", "recorder", "kerasdemo.fit", "not recorded")
MEASURE = "--measure"
# Files that are no programs.
OTHERS = {"examples", "run_all"}
PROGRAMS = sorted(
    file.stem
    for file in HERE.glob("*.py")
    if file.stem not in OTHERS and not file.stem.startswith(("test_", "_"))
)


class Fit:
    """What a program calls in place of `model.fit`, and what came of it.

    Args:
        door: one of `DOORS`.
        results: the folder of the runs.
        name: of the run.
        most: epochs of each call.
    """

    def __init__(self, door: str, results: Path, name: str, most: int | None = None):
        self.door, self.results, self.name, self.most = door, results, name, most
        self.seconds = 0.0
        self.model: Any = None
        self.history: Any = None

    def __call__(self, model: Any, x: Any, y: Any = None, **arguments: Any) -> Any:
        import kerasdemo

        if self.most is not None:
            first = arguments.get("initial_epoch", 0)
            arguments["epochs"] = min(arguments["epochs"], first + self.most)
        record: dict[str, Any] = {"results": str(self.results), "name": self.name, "seed": 0}
        started = time.perf_counter()
        if self.door in DOORS[2:]:
            record["record"] = self.door == "kerasdemo.fit"
            self.history = kerasdemo.fit(model, x, y, **arguments, **record)
        else:
            callbacks = list(arguments.pop("callbacks", ()))
            if self.door == "recorder":
                validation = arguments.get("validation_data")
                weights = arguments.get("sample_weight")
                recorder = kerasdemo.Recorder(
                    x, y, validation_data=validation, sample_weight=weights, **record
                )
                callbacks.append(recorder)
            model_arguments = {**arguments, "callbacks": callbacks, "verbose": 0}
            given = {} if y is None else {"y": y}
            self.history = model.fit(x, **given, **model_arguments)
        self.seconds += time.perf_counter() - started
        self.model = model
        return self.history


def run(program: str, fit: Callable[..., Any]) -> None:
    """Run a program with a `fit` of ours."""
    import keras

    keras.utils.set_random_seed(0)
    import_module(f"tests.programs.{program}").main(fit)


def measure(program: str, door: str, results: Path) -> dict[str, Any]:
    """Run a program by a door; return what the page says of it."""
    import numpy as np

    from kerasdemo import read_run
    from kerasdemo.diagnosis import diagnose

    fit = Fit(door, results, program)
    with contextlib.redirect_stdout(io.StringIO()):
        run(program, fit)
    weights = [float(np.abs(array).sum()) for array in fit.model.get_weights()]
    found: dict[str, Any] = {"seconds": fit.seconds, "weights": weights}
    folders = [path for path in results.iterdir() if path.is_dir()] if results.is_dir() else []
    if folders:
        recorded = read_run(max(folders, key=lambda path: path.stat().st_mtime))
        verdict = diagnose(recorded)
        history = recorded.history
        found |= {
            "runs": len(folders),
            "task": recorded.setup.task,
            "layers": len(recorded.network),
            "statistics": len(recorded.layers),
            "verdict": verdict.title,
            "causes": [cause.name for cause in verdict.causes[:1]],
            "summary": verdict.summary,
            "notes": list(verdict.notes),
            "engine": recorded.facts.get("engine") or {},
            "recording": recorded.facts.get("recording") or {},
            "epochs": history.epochs,
        }
    return found


def measure_apart(program: str, door: str) -> dict[str, Any]:
    """Measure in a process of its own."""
    with tempfile.TemporaryDirectory() as results:
        command = [sys.executable, "-m", "tests.programs.run_all", MEASURE, program, door, results]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        errors = [line for line in done.stderr.splitlines() if line.strip()]
        return {"error": errors[-1][:300] if errors else f"ended with {done.returncode}"}
    found: dict[str, Any] = json.loads(lines[-1])
    return found


Measured = Mapping[str, Mapping[str, Any]]


def page(measured: Mapping[str, Measured]) -> str:
    """Return the page: a row a program, then what its verdicts say."""
    lines = [
        "# Programs that were not written for this project",
        "",
        f"Made by `python -m tests.programs.run_all`: {len(measured)} of Keras' example networks, "
        "in a few lines each and with small data (tests/programs), trained by Keras' own `fit`, "
        "by `fit` with a `kerasdemo.Recorder`, and by `kerasdemo.fit`, recording on and off. "
        "Seconds are of whole trainings, compilation and recording included, each in a process of "
        "its own. Layers: as recorded, and how many of them with statistics.",
        "",
        "| program | task | layers | verdict | loop | s `fit` | s with Recorder "
        "| s `kerasdemo.fit` | s `record=False` | `fit` : `record=False` | same weights recorded "
        "|",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [_row(program, by_door) for program, by_door in measured.items()]
    lines += ["", "## Why this loop", ""]
    lines += [
        f"- {program}: {_of(by_door, 'kerasdemo.fit', 'engine', {}).get('why', 'not recorded')}"
        for program, by_door in measured.items()
    ]
    lines += ["", "## Verdicts", ""]
    for program, by_door in measured.items():
        lines += _verdicts(program, by_door)
    return "\n".join(lines) + "\n"


def _of(by_door: Measured, door: str, key: str, otherwise: Any) -> Any:
    return by_door.get(door, {}).get(key, otherwise)


def _row(program: str, by_door: Measured) -> str:
    recorded = by_door.get("kerasdemo.fit", {})
    seconds = [by_door.get(door, {}).get("seconds") for door in DOORS]
    plain, *_, ours = seconds
    weights = [by_door.get(door, {}).get("weights") for door in DOORS[:2]]
    cells = [
        f"[{program}](../../tests/programs/{program}.py)",
        recorded.get("task", "error"),
        f"{recorded.get('layers', '')}, {recorded.get('statistics', '')}",
        ", ".join([recorded.get("verdict", "error"), *recorded.get("causes", ())]),
        recorded.get("engine", {}).get("loop", ""),
        *("error" if one is None else f"{one:.1f}" for one in seconds),
        f"{plain / ours:.1f} x" if plain and ours else "",
        "error" if None in weights else ("yes" if weights[0] == weights[1] else "no"),
    ]
    return f"| {' | '.join(cells)} |"


def _verdicts(program: str, by_door: Measured) -> Iterable[str]:
    yield f"- **{program}**"
    for door in DOORS[1:3]:
        found = by_door.get(door, {})
        if "error" in found:
            yield f"  - {door}: error: {found['error']}"
            continue
        other = by_door.get(DOORS[1], {})
        if door == DOORS[2] and all(found.get(k) == other.get(k) for k in ("verdict", "causes")):
            yield "  - kerasdemo.fit: the same"
            continue
        causes = f" ({', '.join(found['causes'])})" if found.get("causes") else ""
        yield f"  - {door}: {found.get('verdict')}{causes}: {found.get('summary')}"
        for note in found.get("notes", ()):
            yield f"    - {note}"


def main() -> None:
    """Run all programs, or one by one door, as the process of its own does."""
    if sys.argv[1:2] == [MEASURE]:
        program, door, results = sys.argv[2:]
        print(json.dumps(measure(program, door, Path(results))))
        return
    measured = {}
    chosen = sys.argv[1:] or PROGRAMS
    for number, program in enumerate(chosen):
        measured[program] = {door: measure_apart(program, door) for door in DOORS}
        said = {
            door: found.get("error") or f"{found['seconds']:.1f} s"
            for door, found in measured[program].items()
        }
        print(f"{number + 1} of {len(chosen)}, {program}: {said}", flush=True)
    if sys.argv[1:]:
        print(page(measured))
    else:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(page(measured), encoding="utf-8")


if __name__ == "__main__":
    main()
