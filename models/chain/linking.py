"""What else would a company make? Products ranked for a company by their names and by a graph of products.

Belongs here: signals of a (company, product) pair, their learned additive and monotone sum, its named reasons.
Does not belong here: the district's chain file (``tables``), reading files, measuring a benchmark.

Every signal can only raise a score. Without that rule a learner finds out that a product without any edge is in the catalogue only because
its edge was hidden, which no real catalogue would tell it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.optimize import minimize
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from models.chain.expectation import NextProduct

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# Signal and its Chinese label, the name of the reason.
SIGNALS = {
    "popularity": "生产企业多",
    "industry": "同行业企业的产品",
    "division": "同大类企业的产品",
    "profile": "与其产品名称相近",
    "nearest": "与其某一产品名称相近",
    "similar": "与其多个产品名称相近",
    "industry_profile": "与同行业产品名称相近",
    "division_profile": "与同大类产品名称相近",
    "like_firms": "相近企业的产品",
    "like_firms_profile": "与相近企业产品名称相近",
    "expected": "名称合乎其产品、行业与企业名",
    "smaller_class": "其产品的小类",
    "larger_class": "其产品的大类",
    "supplies": "其产品的上游",
    "is_supplied": "其产品的下游",
    "two_steps": "产品图谱两步之内",
    "company_text": "与企业名称相近",
    "head_noun_2": "与其产品同尾词（两字）",
    "head_noun_3": "与其产品同尾词（三字）",
    "head_noun_4": "与其产品同尾词（四字）",
    "same_start": "与其产品同前词",
}
SHARES = (0.0, 0.25, 0.5, 0.75, 0.9, 0.97, 0.995)  # where the slopes of a signal may change, as shares of its values
NEIGHBOURS = 100  # names kept beside each name
LIKE_FIRMS = 30
PER_SIGNAL = 200  # candidates taken from each signal that touches every product
TRAINED_COMPANIES = 1500
OTHERS = 300  # products, by lot, that each company's hidden ones are compared with

TOO_FEW = "产品关系太少：没有可供学习的隐藏关系"


class LinkRanker:
    """Ranks products for a company; the score is a sum over ``SIGNALS``, each of which is rising and zero without evidence.

    Weights are learned on edges hidden a second time, inside those given to ``fit``; the same seed gives the same ranks.
    """

    def __init__(self, seed: int = 0, axes: int = 1200) -> None:
        self.seed, self.axes = seed, axes

    def fit(
        self,
        edges: sp.csr_matrix,
        names: Sequence[str],
        classes: sp.csr_matrix,
        supplies: sp.csr_matrix,
        industries: Sequence[sp.csr_matrix],
        company_texts: Sequence[str],
    ) -> LinkRanker:
        """Learn from sparse matrices of ones.

        Parameters
        ----------
        edges : companies x products
        names : of the products
        classes, supplies : products x products, from the larger class to the smaller, from the product to its material
        industries : companies x industries, fine and coarse
        company_texts : name and industry of each company
        """
        self._read(names, classes, supplies, industries, company_texts)
        rng = np.random.default_rng(self.seed)
        rows, columns = edges.nonzero()
        hidden = rng.random(len(rows)) < 0.1
        if not hidden.any() or hidden.all():
            raise ValueError(TOO_FEW)
        self._know(_ones(rows[~hidden], columns[~hidden], edges.shape))
        wanted = _ones(rows[hidden], columns[hidden], edges.shape)
        asked = np.sort(rng.permutation(np.unique(rows[hidden]))[:TRAINED_COMPANIES])
        groups: list[tuple[Floats, int, int]] = []
        for company in asked:
            candidates, values = self._candidates(int(company))
            is_wanted = np.isin(candidates, wanted[int(company)].indices)
            others = rng.permutation(np.flatnonzero(~is_wanted))[:OTHERS]
            if is_wanted.any() and len(others):
                kept = values[np.concatenate([np.flatnonzero(is_wanted), others])]
                groups.append((kept, int(is_wanted.sum()), int((~is_wanted).sum())))
        if not groups:
            raise ValueError(TOO_FEW)
        self._learn(groups)
        self._know(edges.astype(np.float32).tocsr())
        return self

    def rank(self, company: int) -> tuple[Integers, Floats, Floats]:
        """Give a company's candidates best first, their scores, and contributions (candidates x SIGNALS) that sum to them."""
        candidates, values = self._candidates(company)
        parts = self.contributions(values)
        score = np.asarray(parts.sum(axis=1), dtype=np.float64)
        order = np.lexsort((candidates, -score))
        return candidates[order], score[order], parts[order]

    def contributions(self, values: Floats) -> Floats:
        """What each signal adds; its values in the order of ``SIGNALS``."""
        shape, owner = self._shape(values), self.owner_
        out = np.zeros(values.shape, dtype=np.float64)
        for at in range(values.shape[1]):
            out[:, at] = shape[:, owner == at] @ self.weights_[owner == at]
        return out

    def _read(
        self,
        names: Sequence[str],
        classes: sp.csr_matrix,
        supplies: sp.csr_matrix,
        industries: Sequence[sp.csr_matrix],
        company_texts: Sequence[str],
    ) -> None:
        words = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True, dtype=np.float32)
        self.grams_ = words.fit_transform(names).tocsr()
        self.grams_down_ = self.grams_.T.tocsr()
        self.company_grams_ = words.transform(company_texts).tocsr()
        self.classes_, self.supplies_ = classes.tocsr().astype(np.float32), supplies.tocsr().astype(np.float32)
        self.classes_up_, self.supplies_up_ = self.classes_.T.tocsr(), self.supplies_.T.tocsr()
        graph = (self.classes_ + self.classes_up_ + self.supplies_ + self.supplies_up_).tocsr()
        graph.data[:] = 1.0
        self.graph_ = _rows_to_one(graph)
        self.industries_ = [matrix.tocsr().astype(np.float32) for matrix in industries]
        self.tails_ = [_affixes(names, length, from_end=True) for length in (2, 3, 4)]
        self.starts_ = _affixes(names, 3, from_end=False)
        self.next_ = NextProduct(self.axes, self.seed).read(names, company_texts)

    def _know(self, edges: sp.csr_matrix) -> None:
        self.edges_, self.share_ = edges, _rows_to_one(edges)
        self.popularity_ = np.asarray(edges.sum(axis=0)).ravel()
        self.popular_ = np.argsort(-self.popularity_, kind="stable")[:PER_SIGNAL]
        made = np.flatnonzero(self.popularity_)
        near = _nearest(self.grams_[made], self.grams_down_, NEIGHBOURS)
        place = _ones(made, np.arange(len(made)), (edges.shape[1], len(made)))
        self.near_ = (place @ near).tocsr()
        self.near_.setdiag(0)
        self.near_.eliminate_zeros()
        self.profile_ = normalize(edges @ self.grams_)
        self.by_industry_ = [(matrix.T @ edges).tocsr() for matrix in self.industries_]
        self.industry_profile_ = [normalize(matrix @ self.grams_) for matrix in self.by_industry_]
        like = _nearest(self.profile_, self.profile_.T.tocsr(), LIKE_FIRMS + 1)
        like.setdiag(0)
        like.eliminate_zeros()
        self.like_firms_ = (like @ self.share_).tocsr()
        self.like_profile_ = normalize(_rows_to_one(like) @ self.profile_)
        self.next_.fit(edges, self.industries_)
        self.tail_shares_ = [(edges @ matrix).tocsr() for matrix in self.tails_]
        self.start_shares_ = (edges @ self.starts_).tocsr()

    def _candidates(self, company: int) -> tuple[Integers, Floats]:
        """Products touched by a signal, known ones left out, and the values of the signals."""
        share = self.share_[company]
        known = share.indices
        nearest = self.near_[known].max(axis=0).tocsr() if len(known) else sp.csr_matrix(share.shape, dtype=np.float32)
        industry = [(of[company] @ made).tocsr() for of, made in zip(self.industries_, self.by_industry_, strict=True)]
        profiles = [
            (of[company] @ grams).tocsr() for of, grams in zip(self.industries_, self.industry_profile_, strict=True)
        ]
        sparse = {
            "industry": industry[0],
            "division": industry[-1],
            "nearest": nearest,
            "similar": share @ self.near_,
            "like_firms": self.like_firms_[company],
            "smaller_class": share @ self.classes_,
            "larger_class": share @ self.classes_up_,
            "supplies": share @ self.supplies_,
            "is_supplied": share @ self.supplies_up_,
            "two_steps": share @ self.graph_ @ self.graph_,
        }
        texts = {
            "profile": self.profile_[company],
            "industry_profile": profiles[0],
            "division_profile": profiles[-1],
            "like_firms_profile": self.like_profile_[company],
            "company_text": self.company_grams_[company],
        }
        pool = [self.popular_]
        pool += [_largest(row.tocsr(), 2000 if name != "two_steps" else 800).indices for name, row in sparse.items()]
        pool += [_largest((row @ self.grams_down_).tocsr(), PER_SIGNAL).indices for row in texts.values()]
        candidates = np.setdiff1d(np.concatenate(pool), known).astype(np.int64)
        grams = self.grams_[candidates]
        values = {name: _at(row, candidates) for name, row in sparse.items()}
        values |= {name: _dense(grams @ row.T) for name, row in texts.items()}
        values["popularity"] = self.popularity_[candidates]
        values["expected"] = self.next_.likeness(company, candidates)
        for length, of, held in zip((2, 3, 4), self.tails_, self.tail_shares_, strict=True):
            values[f"head_noun_{length}"] = _dense(of[candidates] @ held[company].T)
        values["same_start"] = _dense(self.starts_[candidates] @ self.start_shares_[company].T)
        table = np.column_stack([values[name] for name in SIGNALS]).astype(np.float64)
        return candidates, np.maximum(table, 0.0)

    def _shape(self, values: Floats) -> Floats:
        """Pieces between the knots, each from 0 to 1."""
        pieces = [
            np.clip((values[:, at] - low) / (high - low), 0.0, 1.0)
            for at, knots in enumerate(self.knots_)
            for low, high in pairwise(knots)
        ]
        return np.column_stack(pieces)

    def _learn(self, groups: list[tuple[Floats, int, int]]) -> None:
        """Weights of the pieces, none below zero: a hidden product against the others of its company."""
        stacked = np.vstack([values for values, _, _ in groups])
        self.knots_ = []
        for column in stacked.T:
            seen = column[column > 0]
            knots = np.unique(np.r_[0.0, np.quantile(seen, SHARES)]) if len(seen) else np.array([0.0, 1.0])
            self.knots_.append(knots)
        self.owner_ = np.repeat(np.arange(len(self.knots_)), [len(knots) - 1 for knots in self.knots_])
        shape = self._shape(stacked).astype(np.float32)
        sizes = np.array([len(values) for values, _, _ in groups])
        wanted = np.array([count for _, count, _ in groups])
        start = np.r_[0, np.cumsum(sizes)[:-1]]
        group = np.repeat(np.arange(len(groups)), sizes)
        label = np.arange(len(stacked)) - start[group] < wanted[group]
        # The others stand for all others of their company.
        stands_for = np.array([others for _, _, others in groups]) / (sizes - wanted)
        offset = np.where(label, 0.0, np.log(stands_for)[group])

        def loss(weights: Floats) -> tuple[float, Floats]:
            score = shape @ weights.astype(np.float32) + offset
            top = np.maximum.reduceat(score, start)
            odds = np.exp(score - top[group])
            total = np.add.reduceat(odds, start)
            value = float((wanted * (np.log(total) + top)).sum() - score[label].sum() + 0.5 * weights @ weights)
            slope = shape.T @ (wanted[group] * odds / total[group] - label).astype(np.float32)
            return value, np.asarray(slope + weights, dtype=np.float64)

        bounds = [(0.0, None)] * shape.shape[1]
        found: Any = minimize(loss, np.full(shape.shape[1], 0.1), jac=True, bounds=bounds, options={"maxiter": 80})
        self.weights_ = np.asarray(found.x, dtype=np.float64)


def _ones(rows: Any, columns: Any, shape: Any) -> sp.csr_matrix:
    return sp.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=shape)


def _rows_to_one(matrix: sp.csr_matrix) -> sp.csr_matrix:
    total = np.asarray(matrix.sum(axis=1)).ravel()
    return (sp.diags(1.0 / np.maximum(total, 1e-9)) @ matrix).tocsr().astype(np.float32)


def _nearest(rows: sp.csr_matrix, columns: sp.csr_matrix, count: int) -> sp.csr_matrix:
    """Keep the largest products of each row with the columns, a few rows at a time for the sake of memory."""
    return sp.vstack([_largest(rows[at : at + 500] @ columns, count) for at in range(0, rows.shape[0], 500)]).tocsr()


def _largest(matrix: sp.csr_matrix, count: int) -> sp.csr_matrix:
    """Keep the largest of each row; of equal ones the first product."""
    matrix = matrix.tocsr()
    matrix.sort_indices()
    kept = []
    for start, end in zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True):
        order = np.arange(start, end)
        if end - start > count:
            values = matrix.data[start:end]
            last = -np.partition(-values, count - 1)[count - 1]
            above, level = np.flatnonzero(values > last), np.flatnonzero(values == last)
            order = start + np.sort(np.r_[above, level[: count - len(above)]])
        kept.append(order)
    at = np.concatenate(kept)
    pointers = np.r_[0, np.cumsum([len(rows) for rows in kept])]
    return sp.csr_matrix((matrix.data[at], matrix.indices[at], pointers), shape=matrix.shape)


def _affixes(names: Sequence[str], length: int, from_end: bool) -> sp.csr_matrix:
    """Products x the last (or first) characters of their names; a shorter name has none."""
    found: dict[str, int] = {}
    rows, columns = [], []
    for at, name in enumerate(names):
        if len(name) >= length:
            rows.append(at)
            columns.append(found.setdefault(name[-length:] if from_end else name[:length], len(found)))
    return _ones(np.array(rows, dtype=int), np.array(columns, dtype=int), (len(names), max(len(found), 1)))


def _at(row: sp.csr_matrix, candidates: Integers) -> npt.NDArray[Any]:
    full = np.zeros(row.shape[1], np.float32)
    row = row.tocsr()
    full[row.indices] = row.data
    return full[candidates]


def _dense(column: sp.csr_matrix) -> npt.NDArray[Any]:
    return np.asarray(column.todense()).ravel()
