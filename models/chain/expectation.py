"""What the next product of a company would be called: names as points, and a learned map from what is known of a company to them.

Belongs here: the space of names, the ridge regression from a company's products, industry and name to one more product.
Does not belong here: other signals of a (company, product) pair and their weights (``linking``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from sklearn.covariance import ShrunkCovariance
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.preprocessing import normalize

Points = npt.NDArray[np.float32]

# Chosen inside the training edges (docs/skill_chain.md).
RIDGE = 0.1  # times the mean square of an input
SHRINKAGE = 0.02


class NextProduct:
    """Ridge regression from a company, one of its products left out, to the name of that product.

    A name is a point: its one to three characters, reduced to the axes on which the product lists of companies differ,
    a list counting as the number of its products.
    The regression reads the company's other products, those of its fine and coarse industry (its own left out) and its
    own name. Points are compared after whitening, so that what all names share counts for little.

    Parameters
    ----------
    axes : dimensions of a point
    seed : of the reduction
    """

    def __init__(self, axes: int = 1200, seed: int = 0) -> None:
        self.axes, self.seed = axes, seed

    def read(self, names: Sequence[str], texts: Sequence[str]) -> Self:
        """Count the characters of all products' names and of each company's text, once for every ``fit``."""
        words = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, min_df=2, dtype=np.float32)
        self.names_ = words.fit_transform(names).tocsr()
        self.texts_ = words.transform(texts).tocsr()
        return self

    def fit(self, edges: sp.csr_matrix, industries: Sequence[sp.csr_matrix]) -> Self:
        """Learn from the companies (rows) with two products or more; each weighs as the root of their number."""
        count = np.asarray(edges.sum(axis=1)).ravel()
        made = np.flatnonzero(np.asarray(edges.sum(axis=0)).ravel())
        lists = sp.diags(np.sqrt(count)).astype(np.float32) @ normalize(edges @ self.names_)
        svd = TruncatedSVD(max(1, min(self.axes, min(lists.shape) - 1)), n_iter=3, random_state=self.seed).fit(lists)
        names, texts = (normalize(svd.transform(of)).astype(np.float32) for of in (self.names_, self.texts_))

        total = (edges @ names).astype(np.float32)
        others = [np.asarray(of @ (of.T @ total)) - total for of in industries]
        rows, columns = edges.nonzero()
        rows, columns = rows[count[rows] > 1], columns[count[rows] > 1]
        if not len(rows):  # nobody makes two products: nothing to learn from
            self.products_, self.companies_ = names, np.zeros_like(texts)
            return self
        given = _inputs(total[rows] - names[columns], [of[rows] for of in others], texts[rows])
        weights = 1.0 / np.sqrt(count[rows])
        strength = RIDGE * float((weights[:, None] * given**2).sum()) / given.shape[1]
        ridge = Ridge(alpha=strength, fit_intercept=False, solver="cholesky")
        ridge.fit(given, names[columns], sample_weight=weights)

        precision = ShrunkCovariance(shrinkage=SHRINKAGE).fit(names[made]).precision_
        whiten = np.linalg.cholesky(precision).astype(np.float32)
        self.products_ = normalize(names @ whiten)
        self.companies_ = normalize(ridge.predict(_inputs(total, others, texts)) @ whiten)
        return self

    def likeness(self, company: int, products: npt.NDArray[np.int64]) -> Points:
        """How near each product's name is to what is expected of the company: 1 at the same point, 0 if unlike."""
        cosine: Points = self.products_[products] @ self.companies_[company]
        return np.maximum(cosine, np.float32(0.0))


def _inputs(own: Points, others: Sequence[Points], texts: Points) -> Points:
    return np.hstack([normalize(own), *[normalize(of) for of in others], texts]).astype(np.float32)
