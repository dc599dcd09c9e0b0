"""Translates the rules' and the surfaces' own lines to JavaScript.

`pscript` does the translation. Before that, a function loses what only Python needs: its guard, its
docstring. A rule is translated for floats, one coordinate at a time, because it uses only
operators. A surface is written for arrays, so its operators become calls that broadcast (helpers.js
has them).
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
from pscript import py2js

from stepsize.optimizers import Rule
from stepsize.optimizers.elementwise import maximum, minimum, sign, where
from stepsize.surfaces import Surface

__all__ = ["carried", "hyper", "memory"]

HELPERS = Path(__file__).with_name("helpers.js")
BY_HAND = {maximum, minimum, sign, where}  # in helpers.js: they look at types
OPERATORS = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.Pow: "power",
}


def carried(
    rules: Sequence[Rule],
    surfaces: Sequence[Surface],
    arrays: Sequence[Callable[..., Any]] = (),
) -> str:
    """One script that sets `stepsize.rules`, `stepsize.surfaces`, and `stepsize.arrays`.

    arrays: other functions of arrays, written like surfaces.
    """
    functions = _with_what_they_call([inspect.unwrap(rule) for rule in rules])
    python = "\n".join(map(_scalar, functions))
    for surface in surfaces:
        for part in ("function", "gradient"):
            python += "\n" + _vector(f"{surface.name}_{part}", getattr(surface, part))
    for function in arrays:
        python += "\n" + _vector(function.__name__, function)
    names, others = (", ".join(each.__name__ for each in some) for some in (rules, arrays))
    pairs = ", ".join(
        f"{each.name}: {{ loss: {each.name}_function, grad: {each.name}_gradient }}"
        for each in surfaces
    )
    helpers = HELPERS.read_text(encoding="utf-8")
    ends = f"stepsize.rules = {{ {names} }};\nstepsize.surfaces = {{ {pairs} }};"
    ends += f"\nstepsize.arrays = {{ {others} }};"
    return f"(() => {{\n{helpers}\n{py2js(python, inline_stdlib=True)}\n{ends}\n}})();\n"


def hyper(rule: Rule) -> dict[str, float]:
    """The hyper-parameters, with the rule's defaults."""
    parameters = inspect.signature(inspect.unwrap(rule)).parameters.values()
    return {each.name: each.default for each in parameters if each.kind is each.KEYWORD_ONLY}


def memory(rule: Rule) -> list[str]:
    """The names of a rule's memory, in order."""
    parameters = inspect.signature(inspect.unwrap(rule)).parameters.values()
    return [each.name for each in parameters if each.kind is not each.KEYWORD_ONLY][3:]


def _with_what_they_call(functions: Sequence[Callable[..., Any]]) -> list[Callable[..., Any]]:
    """These functions and those of their helpers that are plain functions, each once."""
    found: dict[Callable[..., Any], None] = {}
    for function in functions:
        there = inspect.getclosurevars(function).globals.values()
        called = [each for each in there if isinstance(each, FunctionType) and each not in BY_HAND]
        found |= dict.fromkeys([*_with_what_they_call(called), function])
    return [*found]


def _scalar(function: Callable[..., Any]) -> str:
    """The function's Python without guard, docstring and hints."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(tree, ast.FunctionDef)
    tree.decorator_list, tree.returns = [], None
    if ast.get_docstring(tree):
        del tree.body[0]
    return ast.unparse(_Lists().visit(tree))


class _Lists(ast.NodeTransformer):
    """A generator that is unpacked at once, as a list, because pscript has no generators."""

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.AST:
        return ast.ListComp(node.elt, node.generators)


def _vector(name: str, function: Callable[..., Any]) -> str:
    """A function of arrays, under this name, its operators as calls that broadcast."""
    node = _definition(function)
    body = [ast.Return(node.body)] if isinstance(node, ast.Lambda) else node.body
    body = _Broadcast().visit(ast.Module(body, [])).body
    kept = inspect.getclosurevars(function).nonlocals
    bound = [
        ast.parse(f"{key} = {np.asarray(value).tolist()}").body[0] for key, value in kept.items()
    ]
    made = ast.FunctionDef(name, node.args, [*bound, *body], [])
    for argument in made.args.args:
        argument.annotation = None
    return ast.unparse(ast.fix_missing_locations(made))


def _definition(function: Callable[..., Any]) -> ast.FunctionDef | ast.Lambda:
    """The syntax node of a function or lambda, found by its line in the file."""
    code = function.__code__
    tree = ast.parse(Path(code.co_filename).read_text(encoding="utf-8"))
    nodes = [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.Lambda)]
    (node,) = [each for each in nodes if each.lineno == code.co_firstlineno]
    return node


class _Broadcast(ast.NodeTransformer):
    """`h * x` to `multiply(h, x)`, `x[..., 0]` to `x[0]`, `x.sum(-1)` to `total(x)`."""

    def visit_With(self, node: ast.With) -> list[ast.stmt]:
        self.generic_visit(node)
        return node.body  # np.errstate: JavaScript has no such warnings

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        return _call(OPERATORS[type(node.op)], node.left, node.right)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        return _call("multiply", ast.Constant(-1), node.operand)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        assert isinstance(node.slice, ast.Tuple)
        return ast.Subscript(node.value, node.slice.elts[-1], ast.Load())

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "sum":
            return _call("total", node.func.value)
        return node


def _call(name: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])
