"""Penalised fit of step functions under monotone directions: projected Newton on increments.

Belongs here: the optimisation problem and its solution, on slot numbers only.
Does not belong here: data frames, bins, categories, rounding (``estimator``, ``tables``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import linalg, sparse
from scipy.special import expit

Floats = npt.NDArray[np.float64]
Loss = Literal["logistic", "squared"]


@dataclass(frozen=True)
class Block:
    """Slots of one term: ``n_ordered`` neighbouring bins, then ``n_free`` slots without an order; -1 means no slot."""

    slots: npt.NDArray[np.intp]
    n_ordered: int
    n_free: int
    direction: int


@dataclass(frozen=True)
class Solution:
    """Intercept, one array of slot values per block, the Newton steps taken; all values in one and their Hessian."""

    intercept: float
    shapes: list[Floats]
    n_iter: int
    theta: Floats
    hessian: Floats


def design_of(blocks: Sequence[Block], n: int) -> sparse.csr_matrix:
    """Indicator matrix: a column for the level, then one per slot."""
    starts = starts_of(blocks)
    rows, cols = [np.arange(n)], [np.zeros(n, dtype=np.intp)]
    for block, start in zip(blocks, starts, strict=False):
        filled = np.flatnonzero(block.slots >= 0)
        rows.append(filled)
        cols.append(start + block.slots[filled])
    index = (np.concatenate(rows), np.concatenate(cols))
    return sparse.csr_matrix((np.ones(len(index[0])), index), shape=(n, int(starts[-1])))


def starts_of(blocks: Sequence[Block]) -> npt.NDArray[np.intp]:
    """First column of every block in the design, and its width."""
    return np.concatenate([[1], 1 + np.cumsum([b.n_ordered + b.n_free for b in blocks])]).astype(np.intp)


def solve(
    blocks: Sequence[Block],
    y: Floats,
    weight: Floats,
    loss: Loss,
    alpha: float | Sequence[float] | Floats,
    ridge: float | Sequence[float] | Floats,
    max_iter: int,
    tol: float,
    start_at: Floats | None = None,
    design: sparse.csr_matrix | None = None,
) -> Solution:
    """Minimise weighted loss + penalty subject to the monotone directions.

    A directed block is written as first value plus non-negative increments, which turns the order into bounds.
    Bertsekas' projected Newton then moves all coordinates but those held at their bound: exact, deterministic, 6 to 8
    steps on 30 thousand rows of 22 features. ``alpha`` and ``ridge`` may differ by block; ``start_at`` is an earlier
    solution, ``design`` a matrix already built, both to save time.
    """
    if design is None:
        kept = weight > 0
        design = design_of(blocks, len(y))[kept]
        y, weight = y[kept], weight[kept]
    alphas, ridges = (np.broadcast_to(np.asarray(a, dtype=np.float64), len(blocks)) for a in (alpha, ridge))
    sizes = [b.n_ordered + b.n_free for b in blocks]
    starts = starts_of(blocks)
    width = int(starts[-1])

    scale = 1.0
    if loss == "squared":
        centre = float(weight @ y / weight.sum())
        variance = float(weight @ (y - centre) ** 2 / weight.sum())
        scale = 1.0 / variance if variance > 0 else 1.0

    penalty = np.zeros((width, width))
    basis = np.eye(width)
    bounded = np.zeros(width, dtype=bool)
    for block, start, stiffness, shrinkage in zip(blocks, starts, alphas, ridges, strict=False):
        k = block.n_ordered
        ordered = slice(start, start + k)
        free = np.arange(start + k, start + k + block.n_free)
        penalty[free, free] = shrinkage
        if k:
            difference = np.diff(np.eye(k), axis=0)
            rough = max(k - 1, 1) * difference.T @ difference
            penalty[ordered, ordered] = stiffness * rough + 1e-3 * shrinkage / k * np.eye(k)
        if k and block.direction:
            basis[ordered, ordered] = block.direction * np.tril(np.ones((k, k)))
            basis[start : start + k, start] = 1.0
            bounded[start + 1 : start + k] = True

    def objective(theta: Floats) -> float:
        eta = design @ theta
        if loss == "logistic":
            fit = float(weight @ (np.logaddexp(0.0, eta) - y * eta))
        else:
            fit = float(0.5 * scale * (weight @ (y - eta) ** 2))
        return fit + 0.5 * float(theta @ penalty @ theta)

    beta = np.zeros(width)
    mean = float(weight @ y / weight.sum())
    beta[0] = np.log(mean / (1 - mean)) if loss == "logistic" else mean
    if start_at is not None:
        beta = np.asarray(linalg.solve(basis, start_at), dtype=np.float64) if bounded.any() else start_at.copy()
    theta = basis @ beta
    value = objective(theta)
    transposed = design.T.tocsr()
    gram: Any = None
    step_count = 0
    for step_count in range(1, max_iter + 1):  # noqa: B007
        eta = design @ theta
        if loss == "logistic":
            p = expit(eta)
            residual, curvature = weight * (p - y), np.maximum(weight * p * (1 - p), 1e-12 * weight)
        else:
            residual, curvature = scale * weight * (eta - y), scale * weight
        gradient = basis.T @ (transposed @ residual + penalty @ theta)
        if gram is None or loss == "logistic":
            hessian = (transposed @ sparse.diags(curvature) @ design).toarray() + penalty
            gram = basis.T @ hessian @ basis if bounded.any() else hessian
        free_set = ~(bounded & (beta <= 0) & (gradient > 0))
        move = np.zeros(width)
        move[free_set] = -_solve_spd(gram[np.ix_(free_set, free_set)], gradient[free_set])
        length = 1.0
        while True:
            candidate = beta + length * move
            candidate[bounded] = np.maximum(candidate[bounded], 0.0)
            new_theta = basis @ candidate
            new_value = objective(new_theta)
            if new_value <= value + 1e-4 * float(gradient @ (candidate - beta)) or length < 1e-10:
                break
            length /= 2
        change = float(np.max(np.abs(candidate - beta)))
        if new_value <= value:
            beta, theta, value = candidate, new_theta, new_value
        if change <= tol * max(1.0, float(np.max(np.abs(beta)))) or length < 1e-10:
            break
    shapes = [theta[start : start + size] for start, size in zip(starts, sizes, strict=False)]
    return Solution(
        float(theta[0]), [np.asarray(s, dtype=np.float64) for s in shapes], step_count, theta, np.asarray(hessian)
    )


def _solve_spd(matrix: Floats, right: Floats) -> Floats:
    """Solve a symmetric system; a trace of jitter stands in where a flat direction makes it singular."""
    try:
        return np.asarray(linalg.cho_solve(linalg.cho_factor(matrix), right), dtype=np.float64)
    except linalg.LinAlgError:
        jitter = 1e-10 * float(np.trace(matrix)) / len(matrix) + 1e-12
        return np.asarray(linalg.solve(matrix + jitter * np.eye(len(matrix)), right, assume_a="sym"), dtype=np.float64)


def solve_level(offset: Floats, y: Floats, weight: Floats, loss: Loss, prior_rows: float = 0.0) -> float:
    """Intercept that brings the mean prediction to the mean outcome, given fixed contributions ``offset``.

    ``prior_rows`` pulls it towards 0 as that many rows of medium certainty would; used for cautious level corrections.
    """
    total = float(weight.sum())
    if loss == "squared":
        return float(weight @ (y - offset) / total)
    mean = float(weight @ y / total)
    level = float(np.log(mean / (1 - mean)) - weight @ offset / total) if prior_rows == 0 else 0.0
    for _ in range(100):
        p = expit(level + offset)
        gradient = float(weight @ (p - y)) + 0.25 * prior_rows * level
        curvature = float(weight @ (p * (1 - p))) + 0.25 * prior_rows + 1e-12
        step = float(np.clip(gradient / curvature, -2.0, 2.0))
        level -= step
        if abs(step) < 1e-12:
            break
    return level
