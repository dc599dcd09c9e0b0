"""How a figure is shown: as a picture, and in words."""

from ..extras import needs
from .numbers import typeset

with needs():
    from matplotlib.figure import Figure


def show(figure: Figure, sentence: str) -> None:
    """Show a figure of pyplot's, and say below it what is to be seen.

    The sentence is computed by the cell from the arrays that are drawn. It is stored as the
    picture's text, so a test can hold it, and a page that is made of the notebook gives it to
    those who can't see the picture. Its numbers are written as the axes write theirs.
    """
    import matplotlib.pyplot as plt

    with needs():
        from IPython import get_ipython
    sentence, shell = typeset(sentence), get_ipython()
    data, metadata = shell.display_formatter.format(figure) if shell else ({}, {})
    if len(data) > 1:  # a picture, besides the text
        shell.display_pub.publish({**data, "text/plain": sentence}, metadata)
    else:  # a terminal, or a figure in a window of its own
        plt.show()
    plt.close(figure)  # or the notebook shows it again
    print(sentence)
