"""The command line: a leaf. Each verb parses its options, calls one function and prints.

Nothing heavy is imported before it is needed: verbs that train nothing start without TensorFlow.
"""

try:
    from kerasdemo.cli.command import app, main
except KeyboardInterrupt:  # Ctrl-C in the first moment
    raise SystemExit(130) from None

__all__ = ["app", "main"]
