"""The command line: a leaf. Each verb parses its options, calls one function and prints.

Nothing heavy is imported before it is needed: what does not train answers without TensorFlow.
"""

from kerasdemo.cli.command import app, main

__all__ = ["app", "main"]
