"""A run on a page: its curve, with the signs marked where they show, and the words beside it."""

import html
import io
from typing import Any

import numpy as np

from .diagnosis import Diagnosis
from .history import History

__all__ = ["page", "picture"]

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{verdict}</title>
<meta name="viewport" content="width=device-width">
<style>body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto;
padding: 0 1rem }} svg {{ max-width: 100%; height: auto }}</style>
<h1>{verdict}</h1>
{said}
{svg}
</html>
"""


def picture(history: History, found: Diagnosis) -> Any:
    """A Matplotlib figure of the losses, with a line where each sign shows. It needs no screen."""
    from matplotlib import style

    from .. import plots

    with style.context(dict(plots.STYLE)):
        return _drawn(history, found)


def _drawn(history: History, found: Diagnosis) -> Any:
    from matplotlib.figure import Figure

    from .. import plots

    figure = Figure()
    ax = figure.subplots()
    at = history.steps.get("loss", np.arange(len(history.loss)))
    plots.curve(ax, at, history.loss, history.unit or "number of the loss", "loss")
    if len(history.loss) and history.loss.min() > 0 and np.ptp(np.log(history.loss)) > 10:
        ax.set_yscale("log")
    if history.val_loss is not None:
        ax.lines[0].set_label("training")
        ax.plot(_beside(history, at), history.val_loss, color=plots.GREY, ls="--", label="held out")
    for i, finding in enumerate(found.findings):
        if finding.at is not None and len(at):
            color, dash, _ = plots.look(finding.name, i)
            ax.axvline(at[min(finding.at, len(at) - 1)], color=color, ls=dash, label=finding.name)
    if ax.get_legend_handles_labels()[1]:
        ax.legend()
    ax.set_title(", ".join(finding.name for finding in found.findings) or found.verdict)
    return figure


def _beside(history: History, at: np.ndarray) -> np.ndarray:
    """Where the held-out losses are drawn: at their own steps, or spread over the run."""
    count = len(history.val_loss if history.val_loss is not None else ())
    if "val_loss" in history.steps:
        return history.steps["val_loss"]
    return np.linspace(at[0], at[-1], count) if len(at) else np.arange(count)


def page(history: History, found: Diagnosis) -> str:
    """One file for a browser, which needs no other file."""
    drawn = io.StringIO()
    picture(history, found).savefig(drawn, format="svg")
    svg = drawn.getvalue()
    lines = "\n".join(f"<p>{html.escape(line)}</p>" for line in str(found).splitlines())
    label = f'<svg role="img" aria-label="{html.escape(found.verdict)}, the curve of the loss"'
    svg = svg[svg.index("<svg") :].replace("<svg", label, 1)
    return PAGE.format(verdict=html.escape(found.verdict), said=lines, svg=svg)
