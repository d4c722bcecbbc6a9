"""What happened: the run folder, its writer and reader, and lists of many runs."""

from kerasdemo.config.data_types import Task
from kerasdemo.records.folder import RunFolder, run_id
from kerasdemo.records.index import Listing, list_runs
from kerasdemo.records.reading import Scalar, flatten
from kerasdemo.records.run import History, LayerHistory, Run, read
from kerasdemo.records.setup import Setup
from kerasdemo.records.summary import Summary, Value, summarize

__all__ = [
    "History",
    "LayerHistory",
    "Listing",
    "Run",
    "RunFolder",
    "Scalar",
    "Setup",
    "Summary",
    "Task",
    "Value",
    "flatten",
    "list_runs",
    "read",
    "run_id",
    "summarize",
]
