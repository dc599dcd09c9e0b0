"""Which labs work in the page, and how: computed, replayed, or only as a picture."""

import re
from collections.abc import Iterator

import nbformat
from nbformat import NotebookNode

from .computed import COMPUTED
from .record import GRIDS

__all__ = ["placed"]

CALL = re.compile(r"^labs\.(\w+)\((.*)\)$", re.M)
STILL = "This is a picture of a lab. Its controls work in the course itself, where a kernel runs."


def placed(cell: NotebookNode) -> Iterator[NotebookNode]:
    """The element, after a cell that ends in a lab, in which the page runs the lab."""
    call = CALL.search(cell.source)
    if not call:
        return
    name = call[1] + ("-" + re.sub(r"\W+", "-", call[2]).strip("-") if call[2] else "")
    if name in COMPUTED or name in GRIDS:
        how = f' data-computed="{COMPUTED[name]}"' if name in COMPUTED else ""
        place = f'<div class="stepsize-lab stepsize-web" data-lab="{name}"{how}></div>'
    else:
        place = f'<p class="stepsize-still">{STILL}</p>'
    yield nbformat.v4.new_markdown_cell(place, id=f"{cell.id}-lab")
