"""Lesson 13: rules that see a matrix, which parameters they step, and a competition's score.

Long, because it is a table: each mistake, the sentence for it, and the answers that make it.
"""

import numpy as np

from ..optimizers import Step
from ..optimizers.matrices import orthogonalize
from .exercise import Mistake, by_parts
from .exercise_types import Case, function, rule

TITLE = "13 A layer is a matrix"

WIDE = np.array([[3.0, -1.0, 0.5], [0.2, 0.4, -2.0]])
SQUARE = np.array([[1.0, 2.0], [-0.5, 0.3]])
QUINTIC, CUBIC = (3.4445, -4.775, 2.0315), (1.5, -0.5, 0.0)


# --- 13.1: Newton-Schulz ------------------------------------------------------------------------


def my_orthogonalize(G, steps, a, b, c):
    X = G / np.sqrt((G**2).sum())
    for _ in range(steps):
        A = X @ X.T
        X = a * X + (b * A + c * A @ A) @ X
    return X


@by_parts
def _orthogonalize(
    size=lambda G: np.sqrt((G**2).sum()),
    rounds=lambda steps: steps,
    again=lambda X, size: X,
    squared=lambda X, G: X @ X.T,
    fourth=lambda A: A @ A,
    coefficients=lambda a, b, c: (a, b, c),
    times=lambda P, X: P @ X,
    first=lambda a, X, G: a * X,
    end=lambda X, G, size: X,
):
    """size: what G is divided by. squared: A. fourth: what c multiplies."""

    def variant(G, steps, a, b, c):
        a, b, c = coefficients(a, b, c)
        X = start = G / size(G)
        for _ in range(rounds(steps)):
            X = again(X, size)
            A = squared(X, start)
            X = first(a, X, start) + times(b * A + c * fourth(A), X)
        return end(X, G, size(G))

    return variant


ORTHOGONALIZE = function(
    "13.1",
    "Newton–Schulz",
    my_orthogonalize,
    {
        "not divided": Mistake(
            "You start from G as it is. A singular value far above 1 explodes under these powers: "
            "divide by the Frobenius norm first.",
            _orthogonalize(size=lambda G: 1.0),
        ),
        "largest entry": Mistake(
            "You divide by the largest entry. Singular values can be larger than every entry; the "
            "root of the sum of all squares is at least as large as each of them.",
            _orthogonalize(size=lambda G: np.abs(G).max()),
            _orthogonalize(size=lambda G: G.max()),
        ),
        "no root": Mistake(
            "You divide by the sum of the squares. Its root is missing.",
            _orthogonalize(size=lambda G: (G**2).sum()),
        ),
        "root of the mean": Mistake(
            "You divide by the root of the mean square. The Frobenius norm uses the sum.",
            _orthogonalize(size=lambda G: np.sqrt((G**2).mean())),
        ),
        "spectral norm": Mistake(
            "You divide by the largest singular value. That would work, but it takes the SVD that "
            "we want to avoid. Use the Frobenius norm.",
            _orthogonalize(size=lambda G: np.linalg.norm(G, 2)),
        ),
        "sum of sizes": Mistake(
            "You divide by the sum of the sizes. The Frobenius norm is the root of the sum of the "
            "squares.",
            _orthogonalize(size=lambda G: np.abs(G).sum()),
        ),
        "row by row": Mistake(
            "You divide each row, or each column, by its own length. Divide the whole matrix by "
            "one number: anything else also changes U and V.",
            _orthogonalize(size=lambda G: np.linalg.norm(G, axis=1, keepdims=True)),
            _orthogonalize(size=lambda G: np.linalg.norm(G, axis=0)),
        ),
        "normed each time": Mistake(
            "You divide by the norm again in every step. Once, before the first step, is enough: "
            "after that, it pushes down the values that the step has just lifted.",
            _orthogonalize(again=lambda X, size: X / size(X)),
        ),
        "one more": Mistake(
            "You take one step too many. With `steps=0` the matrix is only divided by its norm.",
            _orthogonalize(rounds=lambda steps: steps + 1),
        ),
        "one less": Mistake(
            "You take one step too few.",
            _orthogonalize(rounds=lambda steps: max(steps - 1, 0)),
        ),
        "one step": Mistake(
            "You take one step, however many are asked for: the loop is missing, or it starts from "
            "the same X each time.",
            _orthogonalize(rounds=lambda steps: min(steps, 1)),
        ),
        "entry by entry": Mistake(
            "You raise the entries to powers, one by one. The powers here are matrix "
            "products, `@`: they act on the singular values.",
            _orthogonalize(
                squared=lambda X, G: X * X,
                fourth=lambda A: A * A,
                times=lambda P, X: P * X,
            ),
            _orthogonalize(fourth=lambda A: A * A),
            _orthogonalize(fourth=lambda A: A**2),
        ),
        "A stays": Mistake(
            "You compute A once, before the loop. It belongs to the X of this step: compute it "
            "inside.",
            _orthogonalize(squared=lambda X, G: G @ G.T),
        ),
        "wrong side": Mistake(
            "Your A, on the left, is X transposed times X. On that side it has to be X "
            "times X transposed.",
            _orthogonalize(squared=lambda X, G: X.T @ X),
        ),
        "from the right": Mistake(
            "You multiply X by A from the right. A is X times X transposed, on the side of the "
            "rows: it belongs on the left.",
            _orthogonalize(times=lambda P, X: X @ P),
        ),
        "not transposed": Mistake(
            "Your A is X times X. The second one has to be transposed.",
            _orthogonalize(squared=lambda X, G: X @ X),
        ),
        "starts again": Mistake(
            "The first term uses the matrix you started with. It should use the X of this step.",
            _orthogonalize(first=lambda a, X, G: a * G),
        ),
        "no square": Mistake(
            "c multiplies A itself. It belongs to A times A, which makes the fifth power.",
            _orthogonalize(fourth=lambda A: A),
        ),
        "third power": Mistake(
            "c multiplies A three times: that makes a seventh power. Twice is enough.",
            _orthogonalize(fourth=lambda A: A @ A @ A),
        ),
        "no fifth power": Mistake(
            "The term with c is missing.",
            _orthogonalize(fourth=lambda A: 0 * A),
        ),
        "b and c swapped": Mistake(
            "You have swapped b and c. b belongs to A, c to its square.",
            _orthogonalize(coefficients=lambda a, b, c: (a, c, b)),
        ),
        "fixed": Mistake(
            "Your coefficients are always Muon's. Use the ones you are given.",
            _orthogonalize(coefficients=lambda a, b, c: QUINTIC),
        ),
        "sign": Mistake(
            "You subtract where the formula adds. b is already negative.",
            _orthogonalize(coefficients=lambda a, b, c: (a, -b, c)),
            _orthogonalize(coefficients=lambda a, b, c: (a, -b, -c)),
        ),
        "no a": Mistake(
            "The first term is missing, or it lacks its a.",
            _orthogonalize(first=lambda a, X, G: 0 * X),
            _orthogonalize(first=lambda a, X, G: X),
        ),
        "not times X": Mistake(
            "The term with c lacks its X: A and its square are even powers, and you need an odd "
            "one.",
            _orthogonalize(times=lambda P, X: P),
        ),
        "norm put back": Mistake(
            "You multiply by the norm at the end. It is gone for good: the result should have "
            "singular values near 1.",
            _orthogonalize(end=lambda X, G, size: X * size),
        ),
        "turned": Mistake(
            "Your result is transposed.",
            _orthogonalize(end=lambda X, G, size: X.T),
        ),
    },
    cases=[
        (SQUARE, 0, *QUINTIC),
        (SQUARE, 1, 2.0, -1.5, 0.5),
        (SQUARE, 4, *CUBIC),
        (np.array([[0.02, -0.3], [0.5, 0.1]]), 3, *QUINTIC),
    ],
    praise="No SVD anywhere, and all singular values near 1.",
)


# --- 13.2: Muon ---------------------------------------------------------------------------------


def my_muon(theta, grad, t, b=0.0, *, lr, momentum):
    b = momentum * b + (1 - momentum) * grad
    ahead = momentum * b + (1 - momentum) * grad
    n, m = theta.shape
    theta = theta - lr * max(1, n / m) ** 0.5 * orthogonalize(ahead)
    return Step(theta, dict(b=b))


@by_parts
def _muon(
    before=lambda grad: grad,
    average=lambda b, grad, mu: mu * b + (1 - mu) * grad,
    ahead=lambda b, grad, mu: mu * b + (1 - mu) * grad,
    made=orthogonalize,
    scale=lambda n, m: max(1, n / m) ** 0.5,
    sign=-1,
    keep=lambda b, ahead: dict(b=b),
    begun=lambda b, grad: b,
    rate=lambda lr: lr,
    decay=0.0,
    correct=lambda b, mu, t: b,
):
    """before: what is done to a gradient before it is averaged. made: to what comes out."""

    def variant(theta, grad, t, b=0.0, *, lr, momentum):
        g = before(grad)
        b = average(begun(b, g), g, momentum)
        looked = ahead(correct(b, momentum, t), g, momentum)
        move = sign * rate(lr) * scale(*theta.shape) * made(looked)
        return Step((1 - lr * decay) * theta + move, keep(b, looked))

    return variant


MUON = rule(
    "13.2",
    "Muon",
    "my_muon(theta, grad, t, *, lr, momentum)",
    my_muon,
    {
        "uphill": Mistake(
            "You walk uphill: the step goes against the orthogonalized mean.",
            _muon(sign=1),
        ),
        "no look ahead": Mistake(
            "You orthogonalize b itself. Nesterov's lookahead is missing: mix the newest gradient "
            "in once more.",
            _muon(ahead=lambda b, grad, mu: b),
        ),
        "no momentum": Mistake(
            "Your direction comes from the newest gradient alone. Is the mean in it, and does the "
            "Step remember it?",
            _muon(ahead=lambda b, grad, mu: grad),
            _muon(keep=lambda b, ahead: {}),
        ),
        "orthogonalized too soon": Mistake(
            "You orthogonalize each gradient, then average. It's the average that should have "
            "singular values near 1: average first.",
            _muon(before=orthogonalize, made=lambda X: X),
            _muon(before=orthogonalize),
        ),
        "not orthogonalized": Mistake(
            "You step along the mean itself. It still has its singular values, a few large and "
            "most of them tiny.",
            _muon(made=lambda X: X),
        ),
        "sum": Mistake(
            "Your b is a sum. In an average, the newest gradient has the weight 1 - momentum.",
            _muon(average=lambda b, grad, mu: mu * b + grad),
        ),
        "weights swapped": Mistake(
            "In your b the newest gradient gets `momentum`, and everything before it the rest. It "
            "should be the other way around.",
            _muon(average=lambda b, grad, mu: (1 - mu) * b + mu * grad),
        ),
        "ahead swapped": Mistake(
            "In the lookahead you have swapped the two weights: `momentum` belongs to b.",
            _muon(ahead=lambda b, grad, mu: (1 - mu) * b + mu * grad),
        ),
        "ahead without its share": Mistake(
            "In the lookahead the newest gradient comes in whole. There, too, its share is "
            "1 - momentum.",
            _muon(ahead=lambda b, grad, mu: mu * b + grad),
        ),
        "no scale": Mistake(
            "The factor for the shape is missing, or `//` has made it 1. On a tall matrix it is "
            "larger.",
            _muon(scale=lambda n, m: 1.0),
        ),
        "turned over": Mistake(
            "Your factor is larger than 1 for wide matrices. It should be for tall ones: "
            "n, the number of rows, goes in the numerator.",
            _muon(scale=lambda n, m: max(1, m / n) ** 0.5),
        ),
        "no maximum": Mistake(
            "For a wide matrix, your factor is below 1. It should be 1 there.",
            _muon(scale=lambda n, m: (n / m) ** 0.5),
        ),
        "minimum": Mistake(
            "You take the smaller of 1 and n / m. It should be the larger.",
            _muon(scale=lambda n, m: min(1, n / m) ** 0.5),
        ),
        "divided by the factor": Mistake(
            "You divide by the factor for the shape. Multiply: a tall matrix gets a longer step.",
            _muon(scale=lambda n, m: max(1, n / m) ** -0.5),
        ),
        "no root": Mistake(
            "Your factor is n / m itself. Its root is missing.",
            _muon(scale=lambda n, m: max(1, n / m)),
        ),
        "root of n": Mistake(
            "Your factor is the root of the longer side. That belongs to the other scaling, which "
            "has 0.2 in it.",
            _muon(scale=lambda n, m: max(n, m) ** 0.5),
            _muon(scale=lambda n, m: 0.2 * max(n, m) ** 0.5),
        ),
        "keeps the look ahead": Mistake(
            "You remember the lookahead as b. It is for this step only; remember the mean.",
            _muon(keep=lambda b, ahead: dict(b=ahead)),
        ),
        "keeps the direction": Mistake(
            "You remember the orthogonalized matrix as b. Remember the mean of the gradients.",
            _muon(keep=lambda b, ahead: dict(b=orthogonalize(ahead))),
            _muon(average=lambda b, grad, mu: orthogonalize(mu * b + (1 - mu) * grad)),
        ),
        "begun with the first": Mistake(
            "Your mean starts at the first gradient. Here b starts at 0.",
            _muon(begun=lambda b, grad: grad if np.ndim(b) == 0 else b),
        ),
        "no rate": Mistake(
            "The learning rate plays no part in your step.",
            _muon(rate=lambda lr: 1.0),
        ),
        "corrected": Mistake(
            "You divide b by 1 - momentum to the power of t, as Adam does. Muon needs no "
            "correction: the length of b is lost anyway when it is orthogonalized.",
            _muon(correct=lambda b, mu, t: b / (1 - mu**t)),
        ),
        "weight decay": Mistake(
            "Your step also shrinks the weights. The Muon of this exercise has no weight decay; "
            "the one in the package does, unless you say `weight_decay=0`.",
            _muon(decay=0.1),
            _muon(decay=0.01),
        ),
    },
    cases=[
        Case(
            [[1.0, -1.0], [0.5, 2.0], [0.0, 1.0]],
            [
                [[3.0, 0.1], [-1.0, 0.2], [0.5, 0.1]],
                [[-0.2, 0.4], [0.1, 0.3], [1.5, -2.0]],
                [[0.3, -0.2], [0.6, 1.0], [0.1, 0.2]],
            ],
            dict(lr=0.1, momentum=0.8),
        ),
        Case(
            [[0.3, -0.6, 1.0], [1.0, 0.0, -1.0]],
            [WIDE.tolist(), [[0.1, 0.3, -0.2], [1.0, -0.7, 0.4]]],
            dict(lr=[0.02, 0.05], momentum=0.6),
        ),
    ],
    praise="That is PyTorch's Muon, without its weight decay and its bfloat16.",
)


# --- 13.3: Shampoo ------------------------------------------------------------------------------


def my_shampoo(theta, grad, t, left=0.0, right=0.0, *, lr, eps):
    left = left + grad @ grad.T
    right = right + grad.T @ grad
    step = _power(left, eps, -1 / 4) @ grad @ _power(right, eps, -1 / 4)
    return Step(theta - lr * step, dict(left=left, right=right))


def _power(M, eps, p):
    values, vectors = np.linalg.eigh(M)
    return vectors * (np.maximum(values, 0) + eps) ** p @ vectors.T


@by_parts
def _shampoo(
    add=lambda old, new: old + new,
    lefts=lambda G: G @ G.T,
    rights=lambda G: G.T @ G,
    root=lambda M, eps: _power(M, eps, -1 / 4),
    product=lambda L, G, R: L @ G @ R,
    sign=-1,
    used=lambda new, old: new,
    keep=lambda left, right: dict(left=left, right=right),
    rate=lambda lr: lr,
):
    def variant(theta, grad, t, left=0.0, right=0.0, *, lr, eps):
        old = left + 0 * lefts(grad), right + 0 * rights(grad)
        left, right = add(left, lefts(grad)), add(right, rights(grad))
        L, R = root(used(left, old[0]), eps), root(used(right, old[1]), eps)
        return Step(theta + sign * rate(lr) * product(L, grad, R), keep(left, right))

    return variant


def _wrong_way_round(M, eps):
    values, vectors = np.linalg.eigh(M)
    return vectors.T * (np.maximum(values, 0) + eps) ** (-1 / 4) @ vectors


def _eps_in_each_update(theta, grad, t, left=0.0, right=0.0, *, lr, eps):
    left = left + grad @ grad.T + eps * np.eye(len(grad))
    right = right + grad.T @ grad + eps * np.eye(len(grad.T))
    step = _power(left, 0.0, -1 / 4) @ grad @ _power(right, 0.0, -1 / 4)
    return Step(theta - lr * step, dict(left=left, right=right))


SHAMPOO = rule(
    "13.3",
    "Shampoo",
    "my_shampoo(theta, grad, t, *, lr, eps)",
    my_shampoo,
    {
        "uphill": Mistake("You walk uphill: the step is subtracted.", _shampoo(sign=1)),
        "square roots": Mistake(
            "Your roots are square roots. There is one on each side, so each does half of the "
            "work: a fourth root.",
            _shampoo(root=lambda M, eps: _power(M, eps, -1 / 2)),
        ),
        "not inverted": Mistake(
            "Your exponent is positive, so large directions grow even larger. It should be "
            "negative.",
            _shampoo(root=lambda M, eps: _power(M, eps, 1 / 4)),
        ),
        "precedence": Mistake(
            "Python reads `values ** -1 / 4` as a quarter of the inverse. Put the exponent in "
            "parentheses: `values ** (-1 / 4)`.",
            _shampoo(root=lambda M, eps: _power(M, eps, -1.0) / 4),
        ),
        "inverse": Mistake(
            "You multiply by the inverses. The exponent is minus a quarter.",
            _shampoo(root=lambda M, eps: _power(M, eps, -1.0)),
        ),
        "entry by entry": Mistake(
            "You raise the entries of a matrix to a power, one by one. The power of a matrix acts "
            "on its eigenvalues.",
            _shampoo(root=lambda M, eps: (np.abs(M) + eps) ** (-1 / 4)),
        ),
        "no exponent": Mistake(
            "You multiply by L and R themselves: the exponent is missing.",
            _shampoo(root=lambda M, eps: _power(M, eps, 1.0)),
        ),
        "products of entries": Mistake(
            "Your L and R are products entry by entry, `*`. A product of matrices is `@`.",
            _shampoo(lefts=lambda G: G * G.T, rights=lambda G: G.T * G),
            _shampoo(lefts=lambda G: G * G, rights=lambda G: G * G),
        ),
        "eigenvalues alone": Mistake(
            "You use the eigenvalues and leave out the eigenvectors, so the axes are never turned.",
            _shampoo(root=lambda M, eps: np.diag((np.linalg.eigvalsh(M) + eps) ** (-1 / 4))),
        ),
        "diagonal": Mistake(
            "You use only the diagonals. That is one rate for each row and each column; the axes "
            "are still those of the coordinates.",
            _shampoo(root=lambda M, eps: np.diag((np.diag(M) + eps) ** (-1 / 4))),
        ),
        "wrong way around": Mistake(
            "The eigenvectors are transposed on the wrong side. They are the columns: first the "
            "matrix, last its transpose.",
            _shampoo(root=_wrong_way_round),
        ),
        "not turned back": Mistake(
            "The transpose of the eigenvectors is missing: you scale, but don't turn back.",
            _shampoo(
                root=lambda M, eps: (
                    np.linalg.eigh(M)[1] * (np.maximum(np.linalg.eigvalsh(M), 0) + eps) ** (-1 / 4)
                )
            ),
        ),
        "newest alone": Mistake(
            "Your L and R know only the newest gradient. They should add up all of them: use what "
            "comes in as `left` and `right`, and put both sums into the Step.",
            _shampoo(add=lambda old, new: new),
            _shampoo(keep=lambda left, right: {}),
        ),
        "old ones": Mistake(
            "You take the roots of L and R as they came in, without this gradient. Add it first.",
            _shampoo(used=lambda new, old: old),
        ),
        "mean": Mistake(
            "Your L and R are averages. Here they are sums, as in Adagrad.",
            _shampoo(add=lambda old, new: 0.9 * old + 0.1 * new),
            _shampoo(add=lambda old, new: 0.95 * old + 0.05 * new),
            _shampoo(add=lambda old, new: 0.5 * old + 0.5 * new),
        ),
        "left only": Mistake(
            "R plays no part in your step. Both sides are needed.",
            _shampoo(product=lambda L, G, R: L @ G),
            _shampoo(product=lambda L, G, R: L @ L @ G),
        ),
        "right only": Mistake(
            "L plays no part in your step. Both sides are needed.",
            _shampoo(product=lambda L, G, R: G @ R),
            _shampoo(product=lambda L, G, R: G @ R @ R),
        ),
        "sides swapped": Mistake(
            "L and R are on the wrong sides. L, which is G times its transpose, belongs on the "
            "left.",
            _shampoo(product=lambda L, G, R: R @ G @ L),
            _shampoo(lefts=lambda G: G.T @ G, rights=lambda G: G @ G.T),
        ),
        "one side twice": Mistake(
            "You use the same root on both sides. It should be L's on the left, R's on the right.",
            _shampoo(product=lambda L, G, R: L @ G @ L),
            _shampoo(product=lambda L, G, R: R @ G @ R),
        ),
        "neither side": Mistake(
            "Neither L nor R plays a part in your step: it is that of SGD.",
            _shampoo(product=lambda L, G, R: G),
        ),
        "turned gradient": Mistake(
            "The gradient is transposed between your two roots. It should stay as it is.",
            _shampoo(product=lambda L, G, R: L @ G.T @ R),
        ),
        "exchanged in the Step": Mistake(
            "L and R are swapped in what your Step remembers: `left` goes on as `left`.",
            _shampoo(keep=lambda left, right: dict(left=right, right=left)),
        ),
        "eps in each update": Mistake(
            "You add eps to the sums in each update, so that it adds up as well. Add it to the "
            "eigenvalues, and leave L and R without it.",
            _eps_in_each_update,
        ),
        "no eps": Mistake(
            "eps plays no part. It is added to each eigenvalue before the root is taken.",
            _shampoo(root=lambda M, eps: _power(M, 1e-12, -1 / 4)),
        ),
        "eps after": Mistake(
            "You add eps after the root. Add it to the eigenvalue, inside the root.",
            _shampoo(root=lambda M, eps: _power(M, 1e-12, -1 / 4) + eps * np.eye(len(M))),
        ),
        "keeps one": Mistake(
            "L or R starts at 0 again in each update: both have to go into the Step.",
            _shampoo(keep=lambda left, right: dict(left=left)),
            _shampoo(keep=lambda left, right: dict(right=right)),
        ),
        "no rate": Mistake(
            "The learning rate plays no part in your step.", _shampoo(rate=lambda lr: 1.0)
        ),
    },
    cases=[
        Case(
            [[1.0, -1.0], [0.5, 2.0]],
            [SQUARE.tolist(), [[0.3, -0.2], [0.6, 1.0]], [[0.2, 0.1], [-0.3, 0.4]]],
            dict(lr=[0.1, 0.1, 0.05], eps=0.01),
        ),
        Case(
            [[0.5, 0.0, 1.0], [-1.0, 1.0, 0.0], [0.0, 2.0, -1.0]],
            [
                [[2.0, 0.5, 0.1], [-1.0, 1.0, 0.3], [0.4, -0.6, 1.0]],
                [[0.5, 1.0, -0.4], [1.0, -0.5, 0.2], [0.1, 0.3, 0.7]],
            ],
            dict(lr=0.2, eps=0.1),
        ),
    ],
    praise="That is Shampoo as it was published in 2018.",
)


# --- 13.4: which parameters ---------------------------------------------------------------------

PARAMETERS = {
    "embedding.weight": (50, 16),
    "position.weight": (32, 16),
    "blocks.0.attention.weight": (48, 16),
    "blocks.0.attention.bias": (48,),
    "blocks.0.norm.weight": (16,),
    "blocks.0.up.weight": (64, 16),
    "blocks.0.up.bias": (256,),
    "blocks.1.ln.weight": (16,),
    "blocks.1.gate": (4, 16),
    "blocks.1.mix.weight": (4, 4),
    "blocks.1.conv.weight": (8, 4, 3, 3),
    "blocks.1.scale": (),
    "output.weight": (50, 16),
    "output.bias": (50,),
}


def is_for_muon(name, shape):
    return len(shape) >= 2 and name.startswith("blocks.")


def _larger_than(n):
    return lambda shape: np.prod(shape) > n


@by_parts
def _is_for_muon(
    axes=lambda shape: len(shape) >= 2,
    place=lambda name: name.startswith("blocks."),
    both=lambda a, b: a and b,
    end=lambda yes: yes,
):
    return lambda name, shape: end(both(axes(shape), place(name)))


GROUPS = function(
    "13.4",
    "Which parameters",
    is_for_muon,
    {
        "all matrices": Mistake(
            "You take every matrix. Embeddings and the output are matrices in shape, but each of "
            "their rows belongs to one symbol: leave them to Adam.",
            _is_for_muon(place=lambda name: True),
        ),
        "embeddings": Mistake(
            "You take the embeddings, too. Each of their rows belongs to one symbol, and gets no "
            "gradient if that symbol doesn't occur.",
            _is_for_muon(place=lambda name: not name.startswith("output")),
            _is_for_muon(place=lambda name: not name.startswith(("output", "position"))),
        ),
        "positions": Mistake(
            "The positions are an embedding as well.",
            _is_for_muon(place=lambda name: not name.startswith(("output", "embedding"))),
        ),
        "output": Mistake(
            "You take the output, too. It is the last layer, which is usually left to Adam.",
            _is_for_muon(place=lambda name: name.startswith(("blocks", "output"))),
            _is_for_muon(place=lambda name: not name.startswith(("embedding", "position"))),
        ),
        "all in the blocks": Mistake(
            "You take everything in the blocks. A bias, a norm's weight and a single number have "
            "no singular values.",
            _is_for_muon(axes=lambda shape: True),
            _is_for_muon(axes=lambda shape: len(shape) >= 1),
        ),
        "size": Mistake(
            "You go by how many numbers there are. A long bias is still a vector, and a small "
            "matrix is still a matrix: count the axes.",
            *(_is_for_muon(axes=_larger_than(n)) for n in (20, 50, 100, 500)),
        ),
        "weights by name": Mistake(
            "You go by the word `weight`. A norm's weight is a vector: look at the shape.",
            lambda name, shape: name.startswith("blocks.") and name.endswith("weight"),
            lambda name, shape: name.endswith("weight"),
            lambda name, shape: (
                name.startswith("blocks.") and name.endswith("weight") and "norm" not in name
            ),
            *(
                lambda name, shape, no=no: name.startswith("blocks.") and not name.endswith(no)
                for no in (("bias", "scale"), ("bias", "scale", "norm.weight"))
            ),
        ),
        "no convolutions": Mistake(
            "You leave the convolution out. It has four axes, but is a matrix with a row for each "
            "output.",
            _is_for_muon(axes=lambda shape: len(shape) == 2),
        ),
        "more than two": Mistake(
            "You ask for more than two axes. A matrix has two.",
            _is_for_muon(axes=lambda shape: len(shape) > 2),
        ),
        "outside the blocks": Mistake(
            "You take the matrices outside the blocks. Muon steps the hidden ones, which are "
            "inside.",
            _is_for_muon(place=lambda name: not name.startswith("blocks.")),
        ),
        "the others": Mistake(
            "It's the other way around: you name the parameters that Adam should take.",
            _is_for_muon(end=lambda yes: not yes),
        ),
        "either": Mistake(
            "In yours, one of the two is enough. It has to be a matrix *and* be in a block.",
            _is_for_muon(both=lambda a, b: a or b),
        ),
        "everything": Mistake("You take all of them.", _is_for_muon(end=lambda yes: True)),
        "nothing": Mistake("You take none of them.", _is_for_muon(end=lambda yes: False)),
    },
    cases=list(PARAMETERS.items()),
    praise="Adam takes the rest.",
)


# --- 13.5: the score of a competition -----------------------------------------------------------

NEVER = np.inf
TIMES = np.array(
    [[10.0, 30.0, NEVER], [20.0, 20.0, NEVER], [NEVER, 90.0, NEVER], [35.0, 20.0, 8.0]]
)
NOBODY = np.array([[5.0, NEVER], [4.0, NEVER]])


def score(times, tau):
    best = times.min(axis=0)
    with np.errstate(invalid="ignore"):
        slower = np.where(np.isfinite(times), times / best, np.inf)
    return (np.maximum(tau - slower, 0) / (tau - 1)).mean(axis=1)


@by_parts
def _score(
    best=lambda times: times.min(axis=0),
    ratio=lambda times, best: times / best,
    points=lambda slower, tau: np.maximum(tau - slower, 0),
    whole=lambda tau: tau - 1,
    mean=lambda each: each.mean(axis=1),
):
    def variant(times, tau):
        with np.errstate(all="ignore"):
            slower = ratio(times, best(times))
            slower = np.where(np.isfinite(times), slower, np.inf)
            return mean(points(slower, tau) / whole(tau))

    return variant


def _with_nobody(each):
    return np.where((each > 0).any(axis=0), each, 1.0)


SCORE = function(
    "13.5",
    "The score",
    score,
    {
        "wrong axis": Mistake(
            "You take each submission's best over the tasks. What counts is the fastest "
            "submission on each task: the other axis.",
            _score(best=lambda times: times.min(axis=1, keepdims=True)),
        ),
        "best of all": Mistake(
            "You compare with the smallest number in the whole table. Each task has its own best.",
            _score(best=lambda times: times.min()),
        ),
        "slowest": Mistake(
            "You compare with the slowest submission on each task. It should be the fastest.",
            _score(
                best=lambda times: np.where(np.isfinite(times), times, -np.inf).max(axis=0),
            ),
        ),
        "upside down": Mistake(
            "Your ratio is upside down: the slower a submission, the larger it should be.",
            _score(ratio=lambda times, best: best / times),
        ),
        "difference": Mistake(
            "You subtract the best time. Divide by it: a factor of two means the same on a long "
            "task and on a short one.",
            _score(ratio=lambda times, best: times - best),
        ),
        "below zero": Mistake(
            "Anything slower than tau times the best gives 0, never less: a maximum is missing.",
            _score(points=lambda slower, tau: np.where(np.isfinite(slower), tau - slower, 0)),
        ),
        "divided by tau": Mistake(
            "You divide by tau. The profile begins at 1, so its width is less than tau: the best "
            "score should be 1.",
            _score(whole=lambda tau: tau),
        ),
        "not divided": Mistake(
            "You don't divide by the width of the profile: the best score should be 1.",
            _score(whole=lambda tau: 1.0),
        ),
        "yes or no": Mistake(
            "You count the tasks that were solved within tau times the best. The area also says "
            "how fast each was.",
            _score(points=lambda slower, tau: (slower <= tau) * (tau - 1.0)),
        ),
        "reached at all": Mistake(
            "You count the targets that were reached, however late. The score also says how fast.",
            lambda times, tau: np.isfinite(times).mean(axis=1),
        ),
        "minimum": Mistake(
            "You take the smaller of 0 and tau - ratio. It should be the larger.",
            _score(points=lambda slower, tau: np.minimum(tau - slower, 0)),
        ),
        "wrong sign": Mistake(
            "You subtract tau from the ratio, so only the slow ones score. It is tau - ratio.",
            _score(points=lambda slower, tau: np.maximum(slower - tau, 0)),
        ),
        "precedence": Mistake(
            "Python divides by tau first, and then subtracts 1. Put `tau - 1` in parentheses.",
            _score(whole=lambda tau: tau, mean=lambda each: (each - 1).mean(axis=1)),
        ),
        "nobody's task": Mistake(
            "Where nobody reached the target, yours counts everybody as the fastest. Infinity "
            "divided by infinity isn't 1: the task gives 0 to all.",
            _score(mean=lambda each: _with_nobody(each).mean(axis=1)),
        ),
        "solved only": Mistake(
            "You average over the tasks that a submission solved. A task that it didn't solve "
            "counts as 0.",
            _score(
                mean=lambda each: each.sum(axis=1) / np.maximum((each > 0).sum(axis=1), 1),
            ),
        ),
        "reached by somebody": Mistake(
            "You leave out the task that nobody solved. It counts, as 0 for everybody.",
            _score(mean=lambda each: each.sum(axis=1) / max((each > 0).any(axis=0).sum(), 1)),
        ),
        "sum": Mistake(
            "You add the tasks up. The score is their mean.",
            _score(mean=lambda each: each.sum(axis=1)),
        ),
        "over submissions": Mistake(
            "You average over the submissions and get a number for each task. We want one for each "
            "submission.",
            _score(mean=lambda each: each.mean(axis=0)),
        ),
        "one number": Mistake(
            "You average over everything, and get one number. Each submission has a score of its "
            "own: average over its tasks, axis 1.",
            _score(mean=lambda each: each.mean()),
        ),
        "one over": Mistake(
            "You average how fast each was, relative to the best. The score counts what is "
            "left of the way from the ratio to tau.",
            _score(points=lambda slower, tau: (tau - 1) / slower),
            _score(points=lambda slower, tau: (slower <= tau) * (tau - 1) / slower),
        ),
        "fixed tau": Mistake(
            "Your tau is always 4. Use the one you are given.",
            _score(points=lambda slower, tau: np.maximum(4 - slower, 0), whole=lambda tau: 3),
        ),
    },
    cases=[(TIMES, 4.0), (NOBODY, 4.0), (TIMES, 2.5)],
    praise="That is the competition's own score.",
)

EXERCISES = (ORTHOGONALIZE, MUON, SHAMPOO, GROUPS, SCORE)
