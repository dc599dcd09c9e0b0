"""Protects the notebook's own Python from an answer that has no other Python to run in.

The answer can't end that Python, wait for the learner, or print past us. Whatever it replaces in a
module, or in one of our classes or the notebook's, is put back. Changes to the contents of a
module's list or array are not, and neither is what the answer has done to files.
"""

import builtins
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterable
from io import RawIOBase, StringIO, TextIOWrapper
from types import ModuleType
from typing import Any, NoReturn

__all__ = ["Kept", "Setting"]

Setting = tuple[Callable[[], Any], Callable[[Any], Any]]  # what reads it, and what sets it

ENDINGS = ("_exit", "abort", "execv", "execve", "kill", "killpg")  # of os
SETTINGS: tuple[Setting, ...] = (
    (os.getcwd, os.chdir),
    (sys.getrecursionlimit, sys.setrecursionlimit),
    (random.getstate, random.setstate),
)


class Kept:
    """How everything was before an answer ran. ended: whether it has tried to end this Python."""

    def __init__(self, *settings: Setting) -> None:
        modules = [each for each in sys.modules.values() if isinstance(each, ModuleType)]
        spaces = [vars(builtins), *map(vars, modules), sys.modules, os.environ]
        self.spaces = [(space, dict(space)) for space in spaces]
        self.classes = [(each, dict(vars(each))) for each in _classes(modules)]
        self.path = [*sys.path]
        self.settings = [(put, get()) for get, put in (*SETTINGS, *settings)]
        self.ended = False

    def hold(self, printed: RawIOBase, sleep: Callable[[float], None]) -> None:
        """Let nothing through. printed: collects the output. sleep: a `sleep` with a limit."""
        out = TextIOWrapper(printed, "utf-8", "backslashreplace", write_through=True)  # type: ignore[type-var]
        for module in (os, sys.modules[os.name]):
            for name in filter(vars(module).__contains__, ENDINGS):
                setattr(module, name, self._end)
        for place, name, held in [
            (signal, "raise_signal", self._end),
            (sys, "setrecursionlimit", _not_set),
            (time, "sleep", sleep),
            (builtins, "input", _nobody_types),
            (builtins, "display", print),  # a notebook has it
            (sys, "stdin", StringIO()),
            (sys, "stdout", out),
            (sys, "stderr", out),
        ]:
            setattr(place, name, held)

    def _end(self, *_: Any, **__: Any) -> NoReturn:
        self.ended = True
        raise SystemExit

    def put_back(self) -> None:
        """Undo it all, builtins first, because everything else needs them."""
        for space, before in self.spaces:
            space.update(before)
            for name in space.keys() - before.keys():
                if not isinstance(space[name], ModuleType):  # what was imported stays
                    del space[name]
        for each, names in self.classes:
            now = dict(vars(each))
            for name in now.keys() - names.keys():
                delattr(each, name)
            for name, value in names.items():
                if now.get(name) is not value:
                    setattr(each, name, value)
        sys.path[:] = self.path
        for put, value in self.settings:
            put(value)


def _classes(modules: Iterable[ModuleType]) -> set[type]:
    ours = (each for each in modules if each.__name__.partition(".")[0] in ("__main__", "stepsize"))
    return {value for each in ours for value in vars(each).values() if isinstance(value, type)}


def _not_set(limit: int) -> None:
    """Far above the present limit, Python would crash."""


def _nobody_types(prompt: object = "") -> NoReturn:
    print(prompt, end="")
    raise EOFError("EOF when reading a line")
