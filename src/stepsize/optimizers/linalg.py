"""Matrix decompositions, for arrays and tensors alike, batched over the leading axes.

inf and nan give nan, not an error. 16-bit types, for which neither library has routines, are
computed in 32 bits.
"""

from typing import Any

import numpy as np

from .elementwise import maximum, where

__all__ = ["eigenvectors", "inverse_root", "orthonormal"]


def inverse_root(matrix: Any, root: int, eps: Any) -> Any:
    r"""$(M + \epsilon I)^{-1/p}$ of a symmetric M without negative eigenvalues: (..., n, n)."""
    values, vectors = _eigh(matrix)
    return vectors * (maximum(values, 0.0) + eps) ** (-1 / root) @ vectors.mT


def eigenvectors(matrix: Any) -> Any:
    """The eigenvectors of a symmetric matrix, as columns, from the largest eigenvalue down."""
    return _eigh(matrix)[1]


def orthonormal(matrix: Any) -> Any:
    """The Q of its QR decomposition: the columns made orthonormal, one after the other."""
    q = _linalg(matrix).qr(_wide(matrix))[0]
    return _as(q, matrix)


def _eigh(matrix: Any) -> tuple[Any, Any]:
    """Eigenvalues (..., 1, n), largest first, and eigenvectors (..., n, n)."""
    nothing = (0 * matrix).sum(axis=(-2, -1), keepdims=True)  # nan where one is inf or nan
    sound = where(nothing == 0, matrix, 0.0)
    values, vectors = _linalg(matrix).eigh(-_wide(sound))
    return _as(-values[..., None, :], matrix) + nothing, _as(vectors, matrix) + nothing


def _linalg(matrix: Any) -> Any:
    if isinstance(matrix, np.ndarray):
        return np.linalg
    import torch  # anyone who passes a tensor has already imported it

    return torch.linalg


def _wide(matrix: Any) -> Any:
    if matrix.dtype.itemsize >= 4:
        return matrix
    return matrix.astype(np.float32) if isinstance(matrix, np.ndarray) else matrix.float()


def _as(result: Any, matrix: Any) -> Any:
    is_array = isinstance(matrix, np.ndarray)
    return result.astype(matrix.dtype, copy=False) if is_array else result.to(matrix.dtype)
