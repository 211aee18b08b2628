"""Which rows form one enterprise (归并): connected components that never join two codes against people's word.

Belongs here: edges, conflicts, doubt between several firms, chains whose ends disagree. Does not belong: ids (crosswalk.py), scores (weights.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from intake.matching.comparison import patterns
from intake.matching.letters import Keys
from intake.matching.records import Records

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BY_DECISION, BY_CODE, BY_REGISTER, BY_NAME, BY_SCORE = 0, 1, 2, 3, 4
# A row without a code that fits two firms of different codes this closely (e-fold of odds 1.0) is left to people.
DOUBT: Final = 1.0
# A chain is broken where its ends are this unlikely one firm, or where so many core names met. On generated registers of
# 100,000 rows 21 of the 25 enterprises with such ends held two firms, and no firm had more than 5 core names.
FARTHEST: Final = -8.0
MOST_CORES: Final = 5
WHOLE: Final = 60  # rows up to which all pairs of an enterprise are compared, of larger ones each row with the first


@dataclass(frozen=True)
class Edges:
    """Pairs that speak for one enterprise; `note` is the pattern of a scored pair, the number of a decision."""

    left: Rows
    right: Rows
    score: Floats
    kind: npt.NDArray[np.int8]
    note: Rows

    def __len__(self) -> int:
        return len(self.left)

    def where(self, keep: npt.NDArray[np.bool_] | Rows) -> Edges:
        return Edges(self.left[keep], self.right[keep], self.score[keep], self.kind[keep], self.note[keep])


@dataclass(frozen=True)
class Groups:
    """`label` numbers the enterprises; `edge` is each row's strongest edge inside its own (-1 none)."""

    label: Rows
    edges: Edges
    edge: Rows
    doubtful: npt.NDArray[np.bool_]
    refused_decisions: Rows


def star(keys: Keys, rows: Rows, score: float, kind: int) -> Edges:
    """Tie all rows of a key to its first row."""
    order = np.lexsort((rows, keys))
    keys, rows = keys[order], rows[order]
    first = np.concatenate([[True], keys[1:] != keys[:-1]]) if len(keys) else np.zeros(0, dtype=bool)
    centre = rows[np.maximum.accumulate(np.where(first, np.arange(len(rows)), 0))] if len(rows) else rows
    left, right = centre[~first], rows[~first]
    return Edges(
        left,
        right,
        np.full(len(left), score),
        np.full(len(left), kind, dtype=np.int8),
        np.full(len(left), -1, dtype=np.int64),
    )


def joined(*parts: Edges) -> Edges:
    """Return several sets of edges as one."""
    return Edges(
        np.concatenate([part.left for part in parts]).astype(np.int64),
        np.concatenate([part.right for part in parts]).astype(np.int64),
        np.concatenate([part.score for part in parts]),
        np.concatenate([part.kind for part in parts]),
        np.concatenate([part.note for part in parts]).astype(np.int64),
    )


def grouped(
    count: int, code: Rows, edges: Edges, forbidden: list[tuple[int, int]], listed: Rows | None = None
) -> Groups:
    """Join rows along the edges, best first where they contradict a code, the register or a decision.

    `listed` numbers the rows of a register, -1 elsewhere: it has one row a firm, so two of them never are one.
    """
    marks = (code,) if listed is None else (code, listed)
    firm = code if listed is None else np.where((code < 0) & (listed >= 0), code.max(initial=0) + 1 + listed, code)
    order = np.lexsort((edges.right, edges.left, -edges.score, edges.kind))
    edges = edges.where(order)
    doubtful = np.zeros(count, dtype=bool)
    label = _components(count, edges)
    troubled = np.logical_or.reduce([_with_two_codes(label, mark) for mark in marks])
    for one, other in forbidden:
        troubled[label[one]] = troubled[label[one]] or label[one] == label[other]
    inside = np.flatnonzero(troubled[label[edges.left]])
    refused: list[int] = []
    if len(inside):
        doubtful = _doubtful(count, firm, edges.where(inside))
        coded = (firm[edges.left] >= 0) | (firm[edges.right] >= 0)
        out_of_doubt = coded & (doubtful[edges.left] | doubtful[edges.right]) & (edges.kind > BY_CODE)
        inside = inside[~out_of_doubt[inside]]
        label = _one_by_one(label, troubled, marks, edges.where(inside), forbidden, refused)
    within = np.flatnonzero(label[edges.left] == label[edges.right])[::-1]  # best last: the last assignment stands
    edge = np.full(count, -1, dtype=np.int64)
    # One scatter, both ends by turns, so that a row keeps its best edge of either end.
    ends = np.column_stack([edges.left[within], edges.right[within]]).ravel()
    edge[ends] = np.repeat(within, 2)
    return Groups(label, edges, edge, doubtful, np.array(refused, dtype=np.int64))


def overgrown(records: Records, groups: Groups, log_odds: Floats) -> npt.NDArray[np.bool_]:
    """Tell for each label whether scores chained rows together that are not one firm from end to end."""
    label, edges = groups.label, groups.edges
    size = np.bincount(label)
    chained = np.zeros(len(size), dtype=bool)
    within = (edges.kind == BY_SCORE) & (label[edges.left] == label[edges.right])
    chained[label[edges.left[within]]] = True
    chained &= size >= 3
    rows = np.flatnonzero(chained[label])
    if not len(rows):
        return chained
    rows = rows[np.lexsort((records.core_key[rows], label[rows]))]
    owner, core = label[rows], records.core_key[rows]
    is_new = np.concatenate([[True], (owner[1:] != owner[:-1]) | (core[1:] != core[:-1])])
    found = np.bincount(owner[is_new], minlength=len(size)) > MOST_CORES
    left, right = _pairs_within(rows, owner)
    coded = (records.code[left] >= 0) & (records.code[left] == records.code[right])
    left, right = left[~coded], right[~coded]
    far = log_odds[patterns(records, left.astype(np.int32), right.astype(np.int32))] < FARTHEST
    found[label[left[far]]] = True
    return found


def _pairs_within(rows: Rows, owner: Rows) -> tuple[Rows, Rows]:
    """Pair up rows of one owner; rows are in order of owners."""
    starts = np.flatnonzero(np.concatenate([[True], owner[1:] != owner[:-1]]))
    sizes = np.diff(np.append(starts, len(rows)))
    first, end = np.repeat(starts, sizes), np.repeat(starts + sizes, sizes)
    at = np.arange(len(rows))
    large = np.repeat(sizes > WHOLE, sizes) & (at > first)
    left, right = [rows[first[large]]], [rows[large]]
    at = at[np.repeat(sizes <= WHOLE, sizes)]
    for step in range(1, WHOLE):
        at = at[at + step < end[at]]
        left.append(rows[at])
        right.append(rows[at + step])
    return np.concatenate(left), np.concatenate(right)


def _components(count: int, edges: Edges) -> Rows:
    ones = np.ones(len(edges), dtype=np.int8)
    graph = coo_array((ones, (edges.left, edges.right)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _with_two_codes(label: Rows, code: Rows) -> npt.NDArray[np.bool_]:
    coded = np.flatnonzero(code >= 0)
    size = int(label.max()) + 1
    lowest = np.full(size, np.iinfo(np.int64).max)
    highest = np.full(size, -1, dtype=np.int64)
    np.minimum.at(lowest, label[coded], code[coded])
    np.maximum.at(highest, label[coded], code[coded])
    return np.asarray((highest >= 0) & (lowest != highest))


def _doubtful(count: int, code: Rows, edges: Edges) -> npt.NDArray[np.bool_]:
    """Say which rows without a code fit two codes about equally well."""
    rows = np.concatenate([edges.left, edges.right])
    codes = np.concatenate([code[edges.right], code[edges.left]])
    score = np.concatenate([edges.score, edges.score])
    keep = (code[rows] < 0) & (codes >= 0)
    rows, codes, score = rows[keep], codes[keep], score[keep]
    order = np.lexsort((-score, codes, rows))
    rows, codes, score = rows[order], codes[order], score[order]
    best_of_code = np.ones(len(rows), dtype=bool)
    best_of_code[1:] = (rows[1:] != rows[:-1]) | (codes[1:] != codes[:-1])
    rows, score = rows[best_of_code], score[best_of_code]
    order = np.lexsort((-score, rows))
    rows, score = rows[order], score[order]
    found = np.zeros(count, dtype=bool)
    first = np.ones(len(rows), dtype=bool)
    first[1:] = rows[1:] != rows[:-1]
    second = np.flatnonzero(~first & np.concatenate([[False], first[:-1]]))
    found[rows[second][score[second - 1] - score[second] < DOUBT]] = True
    return found


def _one_by_one(
    label: Rows,
    troubled: npt.NDArray[np.bool_],
    marks: tuple[Rows, ...],
    edges: Edges,
    forbidden: list[tuple[int, int]],
    refused: list[int],
) -> Rows:
    """Join the rows of the troubled components edge by edge, best first; every other label stays."""
    rows = np.flatnonzero(troubled[label]).tolist()
    parent = {row: row for row in rows}
    borne = [
        {
            row: frozenset([number]) if number >= 0 else frozenset()
            for row, number in zip(rows, mark[rows].tolist(), strict=True)
        }
        for mark in marks
    ]
    apart: dict[int, set[int]] = {}
    for one, other in forbidden:
        apart.setdefault(one, set()).add(other)
        apart.setdefault(other, set()).add(one)

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for one, other, kind, note in zip(
        edges.left.tolist(), edges.right.tolist(), edges.kind.tolist(), edges.note.tolist(), strict=True
    ):
        a, b = root(one), root(other)
        if a == b:
            continue
        if kind != BY_DECISION and any(has[a] and has[b] and not has[a] & has[b] for has in borne):
            continue
        if any(row in parent and root(row) == b for row in apart.get(a, ())):
            if kind == BY_DECISION:
                refused.append(note)
            continue
        low, high = min(a, b), max(a, b)
        parent[high] = low
        for has in borne:
            has[low] = has[low] | has[high]
        if high in apart:
            apart[low] = apart.get(low, set()) | apart[high]
    result = label.copy()
    fresh = int(label.max()) + 1
    result[rows] = np.array([fresh + root(row) for row in rows], dtype=np.int64)
    return np.asarray(np.unique(result, return_inverse=True)[1], dtype=np.int64)
