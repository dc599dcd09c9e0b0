"""What an update costs in floating-point operations: counted, because timings vary.

A product of an n x m and an m x k matrix counts as 2 n m k. Work done entry by entry, like all of
Adam's, is left out. The eigenvectors of an n x n matrix count as 9 n^3, a QR decomposition with
its Q as 8/3 n^3 (Golub & Van Loan, Matrix Computations, sections 8.3 and 5.2). What is done now and
then (roots, axes) is spread over the updates of a run.
"""

from collections.abc import Iterable

__all__ = ["gradient", "muon", "of", "shampoo", "soap"]

Shapes = Iterable[tuple[int, int]]


def gradient(shapes: Shapes, batch: int) -> float:
    """The gradient of a batch: three products for each matrix, 2 batch n m each.

    >>> gradient([(64, 32)], batch=32)
    393216
    """
    return sum(6 * batch * n * m for n, m in shapes)


def muon(shapes: Shapes, steps: int = 5) -> float:
    """The steps of Newton-Schulz, each with three products, on the shorter side."""
    sides = (sorted(shape) for shape in shapes)
    return sum(steps * (4 * short**2 * long + 2 * short**3) for short, long in sides)


def shampoo(shapes: Shapes, updates: int, every: int = 10) -> float:
    """L and R, the two products of the step, and the roots, as `layers.shampoo` takes them."""
    renewed = (min(updates, every - 1) + updates // every) / updates
    return _each(shapes, products=4, cubes=renewed * (9 + 2))


def soap(shapes: Shapes, updates: int, every: int = 10) -> float:
    """L and R; gradient, mean and step, each rotated on both sides; and the axes."""
    renewed = (updates - 1) // every / updates
    return _each(shapes, products=8, cubes=renewed * (2 + 8 / 3) + 9 / updates)


def _each(shapes: Shapes, products: int, cubes: float) -> float:
    """products: with L or R in place of one factor, on each side. cubes: of n^3 and of m^3."""
    return sum(products * n * m * (n + m) + cubes * (n**3 + m**3) for n, m in shapes)


def of(name: str, shapes: Shapes, updates: int) -> float:
    """What a rule adds to the gradient's cost in each update; 0 for rules for coordinates.

    >>> [round(of(name, [(64, 32), (32, 32)], 200) / 1e6, 1) for name in ("adam", "muon", "soap")]
    [0.0, 2.6, 2.3]
    """
    if name == "muon":
        return muon(shapes)
    rule = {"shampoo": shampoo, "soap": soap}.get(name)
    return rule(shapes, updates) if rule else 0.0
