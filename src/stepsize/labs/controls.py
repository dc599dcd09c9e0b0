"""The controls of the labs: ipywidgets with labels, which work with the keyboard."""

from collections.abc import Iterable
from math import log10
from typing import Any

import ipywidgets as widgets
import traitlets

STYLE = {"description_width": "8em"}  # the same for all, so that they line up
WIDE = {"flex": "1 1 290px", "max_width": "410px"}  # two fit side by side on a laptop


def log_slider(description: str, value: float, low: float, high: float, fine: float = 0.05) -> Any:
    """For a quantity that changes by factors. low, high, fine: exponents of 10; 0.05 is 12%."""
    return widgets.FloatLogSlider(
        value,
        **_ends(value, low, high, fine),
        step=fine,
        description=description,
        style=STYLE,
        layout=WIDE,
    )


def _ends(value: float, low: float, high: float, fine: float) -> dict[str, float]:
    """Both limits, moved by at most half a step, so that the first value is one of the slider's.

    Otherwise the browser would use the nearest value instead.
    """
    first = log10(value)
    low, high = (first + fine * round((end - first) / fine) for end in (low, high))
    return {"min": low, "max": high}


def slider(description: str, value: float, low: float, high: float, step: float) -> Any:
    return widgets.FloatSlider(
        value, min=low, max=high, step=step, description=description, style=STYLE, layout=WIDE
    )


def list_slider(description: str, options: Iterable[Any], value: Any) -> Any:
    """One of a few values that have an order: a number, or (name, value)."""
    chosen = widgets.SelectionSlider(
        options=list(options), value=value, description=description, style=STYLE, layout=WIDE
    )
    chosen.add_class("stepsize-list")  # its number can't be typed
    return chosen


def dropdown(description: str, options: Iterable[tuple[str, Any]], value: Any = None) -> Any:
    """value: by default, the first of the options."""
    chosen = widgets.Dropdown(
        options=list(options), description=description, style=STYLE, layout=WIDE
    )
    if value is not None:
        chosen.value = value
    return chosen


def buttons(description: str, options: Iterable[tuple[str, Any]]) -> Any:
    """One of a few values, all visible."""
    style = {**STYLE, "button_width": "auto"}
    return widgets.ToggleButtons(
        options=list(options), description=description, style=style, layout={"width": "max-content"}
    )


class Again(widgets.Button):  # type: ignore[misc]  # ipywidgets has no types
    """A button whose value is how often it has been pressed."""

    value = traitlets.Int(0)

    def __init__(self, description: str) -> None:
        super().__init__(description=description, layout={"width": "auto"})
        self.on_click(lambda _: self.set_trait("value", self.value + 1))
