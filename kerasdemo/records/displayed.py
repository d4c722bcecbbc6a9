"""How objects show themselves in notebooks and in `print`."""

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from kerasdemo.display.notebook import Shown


class Displayed:
    """The methods that notebooks look for; `display`, which is above, does the work.

    They are on the objects themselves, because front ends look for them there.
    """

    def __init_subclass__(cls) -> None:
        # IPython prefers a class's own `__repr__` to a `_repr_pretty_` that it inherits.
        cls._repr_pretty_ = Displayed._repr_pretty_  # type: ignore[method-assign]

    def __str__(self) -> str:
        from kerasdemo.display import notebook

        return notebook.text(cast("Shown", self))

    def _repr_html_(self) -> str:
        from kerasdemo.display import notebook

        return notebook.html(cast("Shown", self))

    def _repr_markdown_(self) -> str:
        from kerasdemo.display import notebook

        return notebook.markdown(cast("Shown", self))

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))
