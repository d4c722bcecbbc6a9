"""The terminal: text is shown without the escape sequences that names and labels may contain."""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from kerasdemo.config.errors import printable


class SafeConsole(Console):
    """Rich's console, with "?" for the escape sequences in the text itself."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            text = Segment(printable(segment.text), segment.style)
            yield segment if segment.control else text


def print_line(console: Console, text: str, style: str = "") -> None:
    """Print a line as it stands: no markup, no colors of numbers, no line breaks put in."""
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
