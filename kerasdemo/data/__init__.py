"""Which examples: named sets and files, their split, preprocessing and fingerprint."""

from kerasdemo.data.dataset import Array, Dataset, Part, Scaling, Source, describe
from kerasdemo.data.loading import check, load
from kerasdemo.data.sources import SampleStandsIn, find

__all__ = [
    "Array",
    "Dataset",
    "Part",
    "SampleStandsIn",
    "Scaling",
    "Source",
    "check",
    "describe",
    "find",
    "load",
]
