"""A training loop as a sequence of events, in the order in which they would run."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Event", "Place", "Program", "Run", "apart", "last_word", "text_of"]


@dataclass(frozen=True)
class Place:
    """Where something is: in which loops (outermost first), branches, contexts."""

    loops: tuple[ast.AST, ...] = ()
    branches: tuple[tuple[object, str], ...] = ()
    tests: tuple[ast.expr, ...] = ()
    frozen: bool = False  # torch keeps no graph here
    function: str = ""
    call: int = 0  # the number of the function call that this is in; 0: none
    depth: int = 0
    known: tuple[tuple[str, object], ...] = ()  # names whose values can be read off the text


@dataclass(frozen=True)
class Event:
    """A call, or an assignment (name "="), in the names of the outermost text.

    owner: for a call, what its function belongs to (`scaler` in `scaler.step(o)`); for an
    assignment, its target. value: the call, or what is assigned.
    """

    name: str
    owner: str
    value: ast.expr
    place: Place
    names: dict[str, str]

    def text(self, node: ast.AST | None) -> str:
        """A part of this event, with its names resolved."""
        return text_of(node, self.names)

    @property
    def arguments(self) -> list[ast.expr]:
        if not isinstance(self.value, ast.Call):
            return []
        return [*self.value.args, *(k.value for k in self.value.keywords)]

    @property
    def loop(self) -> ast.AST | None:
        """The innermost loop."""
        return self.place.loops[-1] if self.place.loops else None

    def within(self, loop: ast.AST | None) -> bool:
        return any(one is loop for one in self.place.loops)


Run = tuple[Event, ...]


@dataclass(frozen=True, eq=False)
class Program:
    """tree: the syntax. runs: the events of the text, and of each function that is not called."""

    tree: ast.Module
    runs: tuple[Run, ...]

    @property
    def events(self) -> Iterator[Event]:
        for run in self.runs:
            yield from run


def last_word(node: ast.AST | None) -> str:
    """The last word of `torch.optim.Adam`, or of the called function."""
    if isinstance(node, ast.Call):
        return last_word(node.func)
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def apart(a: Event, b: Event) -> bool:
    """Whether no run can reach both: they are in two branches of an `if`, or in two functions."""
    parts = dict(a.place.branches)
    return any(parts.get(place, part) != part for place, part in b.place.branches)


def text_of(node: ast.AST | None, names: dict[str, str]) -> str:
    """The source of a name or an attribute, resolved; of anything else, unchanged."""
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        return f"{text_of(node.value, names)}.{node.attr}"
    return ast.unparse(node) if node is not None else ""
