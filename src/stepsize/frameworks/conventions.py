"""What the same words mean in three libraries. Every cell is measured by a test.

`TABLE` lists what differs; `DIGITS` says how far the scripts of `translate`, which undo that,
agree with our rules. `conventions()` shows the first, `docs/conventions.md` has both.
"""

from typing import NamedTuple

__all__ = ["DIGITS", "TABLE", "Convention", "Table", "conventions"]


class Convention(NamedTuple):
    """A question, and each library's answer; "—" if it has no such thing."""

    what: str
    torch: str
    keras: str
    optax: str


OUTSIDE, INSIDE = "outside the velocity", "inside the velocity"
OUT, IN = "outside the root", "inside the root"
AFTER, BEFORE = "outside the root, after the correction", "outside the root, before the correction"
L2, DECOUPLED = "L2: into the gradient", "decoupled, times the rate"
NONE = "—"

TABLE = (
    Convention("momentum: the rate is", OUTSIDE, INSIDE, OUTSIDE),
    Convention("Nesterov: the rate is", OUTSIDE, INSIDE, OUTSIDE),
    Convention("RMSprop's momentum: the rate is", OUTSIDE, INSIDE, INSIDE),
    Convention("Adam: eps is", AFTER, BEFORE, AFTER),
    Convention("RAdam: eps is", BEFORE, NONE, AFTER),
    Convention("RMSprop: eps is", OUT, IN, IN),
    Convention("Adagrad: eps is", OUT, IN, IN),
    Convention("Adadelta: eps is", IN, IN, IN),
    Convention("Adagrad: the sum of squares starts at", "0", "0.1", "0.1"),
    Convention("AMSGrad: the maximum is of v", "as it is", "as it is", "corrected"),
    Convention("NAdam: momentum_decay is", "0.004", "1", "none: beta1 is constant"),
    Convention("Adam: weight_decay is", L2, DECOUPLED, NONE),
    Convention("SGD: weight_decay is", L2, DECOUPLED, NONE),
    Convention("AdamW: weight_decay is", DECOUPLED, DECOUPLED, DECOUPLED),
    Convention("Lion: weight_decay is", NONE, DECOUPLED, DECOUPLED),
    Convention("clipping divides by", "the norm + 1e-6", "the norm", "the norm"),
    Convention("a schedule moves", "when you call it", "at each update", "at each update"),
    Convention("a linear warmup begins at", "1/3 of the peak", "what you say", "what you say"),
    Convention("a cosine, after its end", "rises again", "stays", "stays"),
    Convention("a cosine's length counts the warmup", NONE, "no", "yes"),
    Convention("milestone m: the first m updates have the old rate", "yes", "and one more", "yes"),
    Convention("an update is", "applied", "applied", "returned, to be added"),
    Convention("SGD: default rate", "0.001", "0.01", "none"),
    Convention("Adam: default rate", "0.001", "0.001", "none"),
    Convention("Adagrad: default rate", "0.01", "0.001", "none"),
    Convention("RMSprop: default rate", "0.01", "0.001", "none"),
    Convention("Adadelta: default rate", "1", "0.001", "1"),
    Convention("Adam: default eps", "1e-8", "1e-7", "1e-8"),
    Convention("Adagrad: default eps", "1e-10", "1e-7", "1e-7"),
    Convention("RMSprop: default eps", "1e-8", "1e-7", "1e-8"),
    Convention("RMSprop: default alpha", "0.99", "0.9", "0.9"),
    Convention("Adadelta: default rho", "0.9", "0.95", "0.9"),
    Convention("AdamW: default weight_decay", "0.01", "0.004", "0.0001"),
    Convention("Lion: default weight_decay", NONE, "none", "0.001"),
)

# To how many digits the path of a translated recipe agrees with ours over 300 updates in float64:
# torch; Keras; Optax at a constant rate; None if `translate` refuses. With a schedule, Optax agrees
# to 6, because it computes schedules in float32. Keras computes everything in float32, whatever
# type it is told to use.
DIGITS: dict[str, tuple[int | None, int | None, int | None]] = {
    "sgd": (13, 6, 13),
    "momentum": (13, 6, 13),
    "heavy_ball": (13, 6, 13),
    "nesterov": (13, 6, 13),
    "adagrad": (13, 6, 10),
    "rmsprop": (13, 6, 13),
    "centered_rmsprop": (13, 6, 13),
    "adadelta": (13, 6, 13),
    "adam": (13, 6, 13),
    "amsgrad": (13, 6, 7),
    "adamw": (13, 6, 13),
    "nadam": (13, 6, None),
    "radam": (13, 6, 8),
    "adamax": (13, 6, 13),
    "lion": (13, 6, 13),
    "ademamix": (None, None, 13),
    "prodigy": (None, None, None),
    "adafactor_vector": (13, 6, 7),
    "adafactor": (13, 6, 7),
    "muon": (1, None, None),
    "shampoo": (None, None, None),
    "soap": (None, None, None),
    "schedule_free_sgd": (None, None, None),
    "schedule_free_adamw": (None, None, 13),
}


class Table:
    """Rows under a header, as text and for a notebook."""

    def __init__(self, head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
        self.head, self.rows = head, rows

    def __repr__(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.head, *self.rows, strict=True)]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in (self.head, *self.rows)
        )

    def _repr_markdown_(self) -> str:
        lines = [self.head, ("---",) * len(self.head), *self.rows]
        return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def conventions(about: str = "") -> Table:
    """The table; with a word, only the rows that contain it: conventions("eps").

    >>> conventions("starts")
    convention                             PyTorch  Keras 3  Optax
    Adagrad: the sum of squares starts at  0        0.1      0.1
    """
    rows = [tuple(row) for row in TABLE if about.lower() in row.what.lower()]
    return Table(("convention", "PyTorch", "Keras 3", "Optax"), rows)
