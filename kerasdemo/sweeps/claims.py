"""The claims of an experiment, checked against its runs as its folder has them."""

import warnings
from pathlib import Path

from pydantic import ValidationError

from kerasdemo.comparison.claims import Claim, ClaimCheck, ExperimentRun, check_claim
from kerasdemo.records import list_runs
from kerasdemo.records.experiment_record import FILE, find_experiment_record


def check_claims(folder: Path) -> list[ClaimCheck]:
    """Check an experiment's claims against its runs, both as its folder has them.

    A claim that is not valid costs a warning: the file may be damaged.
    """
    record = find_experiment_record(folder)
    if record is None or not record.claims:
        return []
    summaries = {summary.id: summary for summary in list_runs(folder).runs}
    runs = [
        ExperimentRun(entry.label, entry.values, entry.seed, summaries.get(name))
        for name, entry in record.runs.items()
    ]
    checks = []
    for number, content in enumerate(record.claims, 1):
        try:
            checks.append(check_claim(Claim.model_validate(content), runs))
        except ValidationError as error:
            problem = error.errors()[0]["msg"]
            warnings.warn(f"{folder / FILE}: claim {number}: {problem}", stacklevel=2)
    return checks
