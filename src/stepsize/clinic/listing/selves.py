"""Methods that call their object something other than `self`; it is read as `self` all the same."""

import ast

__all__ = ["named_self"]

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
BOUND_OTHERWISE = ("staticmethod", "classmethod")


def named_self(tree: ast.Module) -> ast.Module:
    """The tree, changed in place: `def forward(s, x): return s.net(x)` says self."""
    for kind in (n for n in ast.walk(tree) if isinstance(n, ast.ClassDef)):
        for f in kind.body:
            if isinstance(f, FUNCTIONS) and (name := _own_name(f)):
                f.args.args[0].arg = "self"
                for n in ast.walk(f):
                    if isinstance(n, ast.Name) and n.id == name:
                        n.id = "self"
    return tree


def _own_name(f: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """What a method calls its object; "" where that is `self`, or isn't clear."""
    bound = any(ast.unparse(one) in BOUND_OTHERWISE for one in f.decorator_list)
    if bound or not f.args.args or f.args.args[0].arg == "self":
        return ""
    name = f.args.args[0].arg
    stored = any(
        isinstance(n, ast.Name) and n.id == name and not isinstance(n.ctx, ast.Load)
        for n in ast.walk(f)
    )
    inner = any(isinstance(n, ast.arg) and n.arg == name for b in f.body for n in ast.walk(b))
    return "" if stored or inner else name
