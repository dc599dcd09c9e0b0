"""The package's reference: a page for each module, from the docstrings of its public names.

The docstrings are Markdown with formulas, as in notebooks. So the pages are written for MyST, not
by autodoc, which reads reStructuredText.
"""

import importlib
import inspect
import re
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

__all__ = ["ROOMS", "room"]

ROOMS = {  # in the order in which somebody new would read them
    "stepsize.optimizers": "Optimizers",
    "stepsize.schedules": "Schedules",
    "stepsize.feedback": "Feedback",
    "stepsize.loop": "The loop and the trace",
    "stepsize.surfaces": "Surfaces",
    "stepsize.models": "Models",
    "stepsize.network": "A network",
    "stepsize.plots": "Plots",
    "stepsize.labs": "Labs",
    "stepsize.race": "A race",
    "stepsize.clinic": "The clinic",
    "stepsize.frameworks.recipe": "A recipe for PyTorch",
    "stepsize.frameworks.translate": "From one framework to the next",
    "stepsize.course": "Check, progress, certificate",
}
HEADS = r"Shapes|Units|Ranges|Source|Raises|Left out|Returns"
BEGINS = r"(?:^|(?<=[.)])[ \n]+|\n)"  # of a line or of a sentence


def room(name: str) -> str:
    """A module's page, in MyST's Markdown."""
    module = importlib.import_module(name)
    parts = [
        f"# {ROOMS[name]}",
        f"`{name}`",
        _text(module.__doc__ or ""),
        f"```{{py:module}} {name}\n```",
    ]
    parts += [_entry(module, each) for each in module.__all__ if _documented(getattr(module, each))]
    return "\n\n".join(parts) + "\n"


def _documented(thing: Any) -> bool:
    return (inspect.isfunction(thing) or inspect.isclass(thing)) and bool(inspect.getdoc(thing))


def _entry(module: ModuleType, name: str) -> str:
    thing = getattr(module, name)
    if not inspect.isclass(thing):
        return _function("function", thing)
    functions = [each for each in vars(thing).values() if inspect.isfunction(each)]
    methods = [each for each in functions if each.__name__[0] != "_" and inspect.getdoc(each)]
    fields = [*inspect.signature(thing.__init__).parameters, *getattr(thing, "__annotations__", {})]
    inner = [_text(inspect.getdoc(thing) or "", fields)]
    inner += [_function("method", each) for each in methods]
    return _directive("class", name, "\n\n".join(inner), fence="::::")


def _function(kind: str, function: Callable[..., Any]) -> str:
    """The signature without types, because the docstring explains each argument in words."""
    parameters = inspect.signature(inspect.unwrap(function)).parameters.values()
    bare = [each.replace(annotation=inspect.Parameter.empty) for each in parameters]
    bare = [each for each in bare if each.name != "self"]
    signature = f"{function.__name__}{inspect.Signature(bare)}"
    text = _text(inspect.getdoc(function) or "", [each.name for each in bare])
    return _directive(kind, signature, text)


def _directive(kind: str, signature: str, body: str, fence: str = ":::") -> str:
    return f"{fence}{{py:{kind}}} {signature}\n\n{body}\n{fence}"


def _text(docstring: str, names: Iterable[str] = ()) -> str:
    """A docstring as Markdown, with fenced examples, and a line for each argument and source."""
    blocks = re.split(r"\n\s*\n", inspect.cleandoc(docstring))
    return "\n\n".join(_block(block, "|".join(map(re.escape, names))) for block in blocks)


def _block(block: str, names: str) -> str:
    if block.startswith(">>>"):
        return f"```pycon\n{block}\n```"
    if block.startswith((" ", "$$")):
        return block
    if re.search(r"^\S+(?:, \S+)* {2,}\S", block, re.M):  # a table, set with spaces
        return f"```text\n{block}\n```"
    if names:
        block = re.sub(rf"{BEGINS}((?:{names})(?:, (?:{names}))*): ", r"\n- `\1`: ", block)
    block = re.sub(rf"{BEGINS}({HEADS}): ", r"\n\n**\1:** ", block)
    block = re.sub(r"\n(Same as )", r"\n\n\1", block)
    return block.strip()
