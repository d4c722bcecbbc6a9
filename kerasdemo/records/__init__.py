"""What happened: the run folder, its history, finding and listing runs."""

from kerasdemo.records.folder import RunFolder, run_id
from kerasdemo.records.index import listing
from kerasdemo.records.run import History, LayerHistory, Run, read

__all__ = ["History", "LayerHistory", "Run", "RunFolder", "listing", "read", "run_id"]
