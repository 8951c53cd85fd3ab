"""The best labelling of a grid of blocks, found exactly by one minimum cut."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

_LARGEST = 2**29
"""Bound of the summed capacities: twice that, a residual capacity, is still an int32, which is all that scipy takes."""


def label_grid(unary: np.ndarray, down: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The labels ℓ that minimise Σ unary[ℓᵢ, i] + Σ weightᵢⱼ · ((ℓᵢ - ℓⱼ) / (L - 1))², over the neighbours of a grid.

    unary: (L, rows, columns), the cost of each of L >= 2 labels. down: (rows - 1, columns) and right:
    (rows, columns - 1), the non-negative weights of the pairs below and beside each other. Returns (rows, columns)
    int64 in [0, L); of equally good labellings the one with the lowest labels.

    The pair cost is convex in the difference of the labels, so the problem is a minimum cut, not merely approximated by
    one (Ishikawa 2003): a block is a chain of L - 1 nodes, node k on the source's side where its label is above k.
    Costs are rounded to 2⁻²⁹ of their sum. Raises `ValueError` where a weight is negative or a cost not finite.
    """
    steps = len(unary) - 1
    if steps < 1:
        raise ValueError(f"at least two labels are needed, got {len(unary)}")
    if not (np.isfinite(unary).all() and np.isfinite(down).all() and np.isfinite(right).all()):
        raise ValueError("costs must be finite")
    if (down < 0).any() or (right < 0).any():
        raise ValueError("the weights of neighbours must not be negative")
    rows, columns = unary.shape[1:]
    nodes = np.arange(steps * rows * columns).reshape(steps, rows, columns)

    # cost of a node being on the source's side. A pair's ((Σₖ xₖ) - (Σₗ yₗ))² is, as x and y are chains of ones and
    # then zeros, Σₖₗ |xₖ - yₗ| and a part that is linear in each node
    cost = np.diff(unary, axis=0).astype(np.float64)
    linear = (2 * np.arange(steps) + 1 - steps)[:, None, None] / steps**2
    links: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for weight, near, far in (
        (down, np.s_[:, :-1, :], np.s_[:, 1:, :]),
        (right, np.s_[:, :, :-1], np.s_[:, :, 1:]),
    ):
        cost[near] += linear * weight
        cost[far] += linear * weight
        for i in range(steps):
            for j in range(steps):
                links.append((nodes[near][i], nodes[far][j], weight / steps**2))

    scale = _LARGEST / max(np.abs(cost).sum() + sum(2 * weight.sum() for _, _, weight in links), 1e-300)
    source, sink = nodes.size, nodes.size + 1
    capacity = np.rint(cost * scale).astype(np.int64).ravel()
    drawn, pushed = np.flatnonzero(capacity < 0), np.flatnonzero(capacity > 0)
    starts = [np.full(drawn.shape, source), pushed, nodes[1:].ravel()]
    ends = [drawn, np.full(pushed.shape, sink), nodes[:-1].ravel()]
    sizes = [-capacity[drawn], capacity[pushed], np.full(nodes[1:].size, _LARGEST)]
    for one, other, weight in links:
        starts += [one.ravel(), other.ravel()]
        ends += [other.ravel(), one.ravel()]
        sizes += [np.rint(weight * scale).astype(np.int64).ravel()] * 2
    graph = sparse.csr_matrix(
        (np.concatenate(sizes).astype(np.int32), (np.concatenate(starts), np.concatenate(ends))),
        shape=(nodes.size + 2, nodes.size + 2),
    )
    residual = graph - maximum_flow(graph, source, sink).flow
    residual.eliminate_zeros()
    reached = np.zeros(nodes.size + 2, bool)
    reached[breadth_first_order(residual, source, return_predecessors=False)] = True
    return reached[nodes].sum(axis=0)
