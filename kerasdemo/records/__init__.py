"""What happened: the run folder, its history, finding and listing runs."""

from kerasdemo.records.folder import RunFolder, run_id
from kerasdemo.records.run import History, LayerHistory, Run, find, read

__all__ = ["History", "LayerHistory", "Run", "RunFolder", "find", "read", "run_id"]
