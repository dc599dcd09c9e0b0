"""A figure as wide as all others, and how it is shown: as a picture, and in words."""

from typing import Any

from ..extras import needs
from .looks import WIDTH
from .numbers import typeset

with needs():
    from matplotlib.figure import Figure


def figure(
    rows: int = 1, columns: int = 1, height: float = 4.0, **shared: Any
) -> tuple[Figure, Any]:
    """A pyplot figure and its axes, like plt.subplots, in the course's width.

    height: of a row, in inches. Wide panels go one above the other, so that letters stay large.
    shared: sharex and sharey, as for plt.subplots.
    """
    import matplotlib.pyplot as plt

    size = (WIDTH, rows * height)
    return plt.subplots(rows, columns, figsize=size, layout="constrained", **shared)


def show(figure: Figure, sentence: str) -> None:
    """Show a pyplot figure, and say below it what there is to see.

    The cell computes the sentence from the arrays that are drawn. It is stored as the
    picture's text, so a test can compare it, and a page made from the notebook gives it to
    those who can't see the picture. Its numbers are written as the axes write theirs.
    """
    import matplotlib.pyplot as plt

    with needs():
        from IPython import get_ipython
    sentence, shell = typeset(sentence), get_ipython()
    data, metadata = shell.display_formatter.format(figure) if shell else ({}, {})
    if len(data) > 1:  # a picture, besides the text
        shell.display_pub.publish({**data, "text/plain": sentence}, metadata)
    else:  # a terminal, or a figure in its own window
        plt.show()
    plt.close(figure)  # or the notebook shows it again
    print(sentence)
