"""Reads the text of a training loop, as Python would run it.

Comments and strings are ignored. A function is read where it is called, with its parameters under
the names of its arguments; one that is never called is read by itself. A text that isn't a whole
program (because a line ends in the middle) has no events at all.
"""

import ast
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from .program import Event, Place, Program, Run, last_word, text_of
from .selves import named_self
from .written import decided, spelled_out, written

__all__ = ["read"]

LOOPS = (ast.For, ast.AsyncFor, ast.While)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# torch's own methods: `a.train()` doesn't mean a function of that name in the text.
TORCH = {"train", "eval", "step", "backward", "forward", "zero_grad", "to", "parameters"}
DEEP, LONG = 8, 4000  # calls within calls; events


@cache
def read(code: str) -> Program:
    """The program of a text; an empty one if the text can't be parsed."""
    try:
        tree = named_self(ast.parse(textwrap.dedent(code)))
    except (SyntaxError, ValueError):
        tree = ast.Module([], [])
    return Program(tree, tuple(_Reader(tree).runs()))


class _Reader:
    """Walks through the text as it would run."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.plain: dict[str, ast.FunctionDef] = {}
        self.methods: dict[str, dict[str, ast.FunctionDef]] = {}  # by class
        self.made: dict[str, str] = {}  # the class of an instance
        self.seen: set[int] = set()  # functions that were read
        self.calls = 0
        self.out: list[Event] = []
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                own = {f.name: f for f in node.body if isinstance(f, FUNCTIONS)}
                self.methods[node.name] = own  # type: ignore[assignment]
        inside = {id(f) for own in self.methods.values() for f in own.values()}
        for node in ast.walk(tree):
            if isinstance(node, FUNCTIONS) and id(node) not in inside:
                self.plain[node.name] = node  # type: ignore[assignment]

    def runs(self) -> Iterator[Run]:
        for stmt in self.tree.body:
            self._walk(stmt, Place(), {}, "")
        yield tuple(self.out)
        named = {last_word(node) for node in ast.walk(self.tree) if isinstance(node, ast.Call)}
        both = [("", f) for f in self.plain.values()]
        both += [(kind, f) for kind, own in self.methods.items() for f in own.values()]
        for again in (False, True):  # second time: those that are called only by others
            for kind, f in both:
                if id(f) not in self.seen and (again or f.name not in named - TORCH):
                    self.out = []
                    self._body(f, Place(), {}, kind)
                    yield tuple(self.out)

    def _body(self, f: ast.FunctionDef, place: Place, names: dict[str, str], kind: str) -> None:
        self.seen.add(id(f))
        frozen = place.frozen or any(_graph(one, {}) is False for one in f.decorator_list)
        place = replace(place, frozen=frozen, function=f.name)
        for stmt in f.body:
            self._walk(stmt, place, names, kind)

    def _walk(self, node: ast.AST, place: Place, names: dict[str, str], kind: str) -> None:
        if len(self.out) > LONG:
            return
        if isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Lambda)):
            return
        if isinstance(node, LOOPS):
            self._loop(node, place, names, kind)
        elif isinstance(node, COMPREHENSIONS):
            self._comprehension(node, place, names, kind)
        elif isinstance(node, ast.If | ast.IfExp | ast.Try | ast.Match):
            self._branch(node, place, names, kind)
        elif isinstance(node, ast.With | ast.AsyncWith):
            graphs = [_graph(i.context_expr, dict(place.known)) for i in node.items]
            graph = next((g for g in graphs if g is not None), None)
            self._all(node.items, place, names, kind)
            frozen = place.frozen if graph is None else not graph
            self._all(node.body, replace(place, frozen=frozen), names, kind)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
            self._assign(node, place, names, kind)
        elif isinstance(node, ast.Call):
            self._call(node, place, names, kind)
        else:
            self._all(ast.iter_child_nodes(node), place, names, kind)

    def _all(self, nodes: object, place: Place, names: dict[str, str], kind: str) -> None:
        for node in nodes:  # type: ignore[attr-defined]
            self._walk(node, place, names, kind)

    def _loop(self, node: ast.AST, place: Place, names: dict[str, str], kind: str) -> None:
        head = node.test if isinstance(node, ast.While) else node.iter  # type: ignore[attr-defined]
        self._walk(head, place, names, kind)
        inner = replace(place, loops=(*place.loops, node))
        for known in spelled_out(node):
            inside = replace(inner, known=(*inner.known, *known))
            self._all(node.body, inside, names, kind)  # type: ignore[attr-defined]
        self._all(node.orelse, place, names, kind)  # type: ignore[attr-defined]

    def _comprehension(self, node: ast.AST, place: Place, names: dict[str, str], kind: str) -> None:
        """Read as the loops that it is short for."""
        for part in node.generators:  # type: ignore[attr-defined]
            self._walk(part.iter, place, names, kind)
            loop = ast.For(part.target, part.iter, [], [])
            place = replace(place, loops=(*place.loops, loop), tests=(*place.tests, *part.ifs))
            self._all(part.ifs, place, names, kind)
        parts = [getattr(node, part, None) for part in ("key", "value", "elt")]
        self._all([part for part in parts if part is not None], place, names, kind)

    def _branch(self, node: ast.AST, place: Place, names: dict[str, str], kind: str) -> None:
        test = getattr(node, "test", None)
        if test is not None:
            self._walk(test, place, names, kind)
            passed = decided(test, dict(place.known))
            if passed is not None:
                below = node.body if passed else node.orelse  # type: ignore[attr-defined]
                self._all(below if isinstance(below, list) else [below], place, names, kind)
                return
            place = replace(place, tests=(*place.tests, test))
        which_if = _name_of(node, test, place)
        for part, below in ast.iter_fields(node):
            if part in ("test", "subject", "finalbody"):
                continue
            for i, one in enumerate(below if isinstance(below, list) else [below]):
                # A `try` and its `else` are one branch; each handler or case is its own.
                which = f"{part}{i}" if part in ("handlers", "cases") else part
                which = "body" if isinstance(node, ast.Try) and part == "orelse" else which
                own = (*place.branches, (which_if, which))
                if isinstance(one, ast.AST):
                    self._walk(one, replace(place, branches=own), names, kind)
        self._all(getattr(node, "finalbody", []), place, names, kind)

    def _assign(self, node: ast.AST, place: Place, names: dict[str, str], kind: str) -> None:
        value = node.value  # type: ignore[attr-defined]
        if value is None:
            return
        self._walk(value, place, names, kind)
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]  # type: ignore[attr-defined]
        if isinstance(node, ast.AugAssign):
            value = ast.BinOp(_loaded(node.target), node.op, node.value)
        for target in targets:
            parts = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
            values = value.elts if isinstance(value, ast.Tuple | ast.List) else [value] * len(parts)
            if len(values) != len(parts):
                values = [value] * len(parts)
            if len(parts) == 2 and last_word(value) in ("max", "min", "topk", "sort"):
                values[1] = ast.Call(ast.Name("argmax", ast.Load()), [value], [])  # the places
            same = self._returned(value)
            for i, (part, one) in enumerate(zip(parts, values, strict=True)):
                owner = text_of(part, names)
                if len(same) == len(parts) and same[i] == owner:
                    continue  # the function has just given this name its value
                self.out.append(Event("=", owner, one, place, names))
                if isinstance(one, ast.Call) and last_word(one) in self.methods:
                    self.made[owner] = last_word(one)

    def _returned(self, value: ast.expr) -> list[str]:
        """The names that a function of the text returns, where it does so in its last line."""
        called = isinstance(value, ast.Call) and isinstance(value.func, ast.Name)
        f = self.plain.get(last_word(value)) if called else None
        last = f.body[-1] if f is not None and f.body else None
        given = last.value if isinstance(last, ast.Return) else None
        parts = given.elts if isinstance(given, ast.Tuple) else [given]
        return [one.id if isinstance(one, ast.Name) else "" for one in parts]

    def _call(self, node: ast.Call, place: Place, names: dict[str, str], kind: str) -> None:
        if isinstance(node.func, ast.Attribute):
            self._walk(node.func.value, place, names, kind)
        elif not isinstance(node.func, ast.Name):
            self._walk(node.func, place, names, kind)
        arguments = [*node.args, *(k.value for k in node.keywords)]
        self._all(arguments, place, names, kind)
        for one in arguments:  # a closure, or a function that somebody else will call
            handed = isinstance(one, ast.Name) and one.id not in names
            f = self.plain.get(one.id) if handed else None  # type: ignore[attr-defined]
            if f is not None:
                self._enter(f, None, place, names, kind)
        owner = text_of(node.func.value, names) if isinstance(node.func, ast.Attribute) else ""
        self.out.append(Event(last_word(node), owner, node, place, names))
        if isinstance(node.func, ast.Name) and node.func.id in self.plain:
            self._enter(self.plain[node.func.id], node, place, names, kind)
        elif owner:
            self._method(node, owner, place, names, kind)

    def _method(
        self, node: ast.Call, owner: str, place: Place, names: dict[str, str], kind: str
    ) -> None:
        name = last_word(node)
        own = kind if owner == "self" else self.made.get(owner, "")
        if owner == "self" and not kind and _is_method(self.plain.get(name)):
            self._enter(self.plain[name], node, place, names, "")  # pasted without its class
        elif name in self.methods.get(own, {}):
            self._enter(self.methods[own][name], node, place, names, own)
        elif name not in TORCH:
            several = [(c, fs[name]) for c, fs in self.methods.items() if name in fs]
            if len(several) == 1:
                self._enter(several[0][1], node, place, names, several[0][0])

    def _enter(
        self,
        f: ast.FunctionDef,
        call: ast.Call | None,
        place: Place,
        names: dict[str, str],
        kind: str,
    ) -> None:
        if place.depth >= DEEP:
            return
        inner = dict(names)
        parameters = [a.arg for a in (*f.args.posonlyargs, *f.args.args, *f.args.kwonlyargs)]
        if parameters[:1] == ["self"]:
            parameters = parameters[1:]
        given: dict[str, ast.expr] = {}
        if call is not None:
            given |= dict(zip(parameters, call.args, strict=False))
            given |= {k.arg: k.value for k in call.keywords if k.arg}
        for name in parameters:
            inner[name] = name
            if isinstance(given.get(name), ast.Name | ast.Attribute):
                inner[name] = text_of(given[name], names)
        self.calls += 1
        known = tuple(written(f, given).items()) if call is not None else ()
        deeper = replace(place, depth=place.depth + 1, call=self.calls, known=known)
        self._body(f, deeper, inner, kind)


def _is_method(f: ast.FunctionDef | None) -> bool:
    return f is not None and [a.arg for a in f.args.args[:1]] == ["self"]


def _name_of(node: ast.AST, test: ast.expr | None, place: Place) -> object:
    """An `if`, named by its test: a test that is repeated gives the same answer again.

    Unless the test calls something, which may say yes once and no the next time.
    """
    if test is None or any(isinstance(n, ast.Call) for n in ast.walk(test)):
        return id(node)
    return place.call, ast.unparse(test)


def _graph(node: ast.expr, known: dict[str, object]) -> bool | None:
    """What a context or decorator does to torch's graph: keep it, drop it, or nothing."""
    name = last_word(node)
    if name in ("no_grad", "inference_mode"):
        return False
    if name == "enable_grad":
        return True
    if name == "set_grad_enabled" and isinstance(node, ast.Call) and node.args:
        return decided(node.args[0], known) is not False
    return None


def _loaded(node: ast.expr) -> ast.expr:
    return ast.Name(node.id, ast.Load()) if isinstance(node, ast.Name) else node
