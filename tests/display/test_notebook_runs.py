"""The notebook for people with a Keras model runs, and its outputs are fit to be published.

`jupyter execute --inplace results/notebooks/quickstart.ipynb` makes them anew; what TensorFlow
writes to stderr is then taken out.
"""

import warnings
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from kerasdemo.display.blocks import MOST_BYTES

NOTEBOOK = Path("results/notebooks/quickstart.ipynb")


@pytest.fixture
def execute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that runs a notebook in an empty folder, in a kernel of its own."""
    for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / "jupyter"))
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")

    def run(notebook: Any) -> Any:
        place = tmp_path / "notebooks"
        place.mkdir()
        resources = {"metadata": {"path": str(place)}}
        with warnings.catch_warnings():
            # Those of the packages that start the kernel.
            warnings.simplefilter("ignore")
            NotebookClient(notebook, timeout=300, resources=resources).execute()
        return notebook

    return run


def text_of(cell: Any) -> str:
    """What a cell printed and showed, as plain text."""
    return "".join(
        output.get("text") or output.get("data", {}).get("text/plain", "")
        for output in cell.outputs
    )


def cells_of(notebook: Any) -> dict[str, Any]:
    return {cell.id: cell for cell in notebook.cells if cell.cell_type == "code"}


@pytest.fixture
def published(repository: Path) -> Any:
    return nbformat.read(repository / NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]


@pytest.mark.slow
def test_every_cell_runs_and_says_what_the_text_says(published: Any, execute: Any) -> None:
    cells = cells_of(execute(published))
    assert "OPTIMIZATION FAILURE" in text_of(cells["sigmoid"])
    assert "vanishing gradient" in text_of(cells["sigmoid"])
    assert "OVERFITTING" in text_of(cells["few"])
    assert "HEALTHY" in text_of(cells["all"])
    assert "image/png" in cells["plot"].outputs[0].data
    assert "depth=3 beats depth=1" in text_of(cells["seeds"])
    assert "learning rate too low" in text_of(cells["recorder"])
    assert "OVERFITTING" in text_of(cells["history"])


def test_its_outputs_are_fit_to_be_published(published: Any, repository: Path) -> None:
    nbformat.validate(published)
    for cell in cells_of(published).values():
        compile(cell.source, cell.id, "exec")
        assert cell.execution_count
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr"
            data = output.get("data", {})
            assert len(data.get("text/html", "").encode()) <= MOST_BYTES
            assert str(repository) not in str(output)


def test_the_progress_of_fit_is_one_output_of_a_cell(execute: Any) -> None:
    source = (
        "from kerasdemo.display.fit_progress import make_progress\n"
        "progress = make_progress()\n"
        "progress.begin(50, 1000)\n"
        "for epoch in range(1, 51):\n"
        "    progress.epoch(epoch, {'loss': 1 / epoch}, 0.5)\n"
        "progress.end()\n"
    )
    cell = nbformat.v4.new_code_cell(source)  # type: ignore[no-untyped-call]
    notebook = nbformat.v4.new_notebook(cells=[cell])  # type: ignore[no-untyped-call]
    execute(notebook)
    (output,) = notebook.cells[0].outputs
    assert output.data["text/plain"] == "epoch 50/50  loss 0.02  0.5 s/epoch  took 0:25"
