"""Hide a tenth of the edges of a chain and rank all products for each owner (产业链补边).

Edges: the products of listed companies, then the materials (上游材料) of products; the owner is the company, then the product.
Run `python -m benchmarks.chain_edges --data DIR [--seed N ...] [--edges companies materials]`, DIR with the chainkg files (default
ZEYOU_REFERENCE_DATA/enterprises). Each hidden edge counts once; the owner's known products are left out; ties go to the first product in
code point order.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from benchmarks.measure import table
from models.chain.linking import LinkRanker

BATCH = 128
LABELS = {"companies": "products of companies", "materials": "materials of products"}
Scorer = Callable[[npt.NDArray[Any]], npt.NDArray[Any]]


def ones(rows: Any, columns: Any, shape: tuple[int, int]) -> sp.csr_matrix:
    matrix = sp.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=shape)
    matrix.data[:] = 1.0
    return matrix


@dataclass(frozen=True)
class Task:
    """Edges of owners (rows) to products (columns), some hidden, and what is known beside them; matrices of ones."""

    known: sp.csr_matrix
    wanted: sp.csr_matrix
    names: list[str]
    classes: sp.csr_matrix
    supplies: sp.csr_matrix
    industries: list[sp.csr_matrix]
    texts: list[str]


class Graph:
    """The real graph as matrices of ones, products and companies in code point order."""

    def __init__(self, folder: Path) -> None:
        pairs = pd.read_parquet(folder / "chainkg_company_product.parquet")
        pairs = pairs.drop_duplicates(["company_code", "product"])
        links = pd.read_parquet(folder / "chainkg_product_product.parquet")
        members = pd.read_csv(folder / "chainkg_company_industry.csv", dtype=str)
        full = pd.read_csv(folder / "chainkg_company.csv", dtype=str).fillna("")
        self.names = sorted(set(pairs["product"]) | set(links["from_product"]) | set(links["to_product"]))
        companies = sorted(set(pairs["company_code"]))
        product = {name: at for at, name in enumerate(self.names)}
        company = {code: at for at, code in enumerate(companies)}
        self.rows = pairs["company_code"].map(company).to_numpy()
        self.columns = pairs["product"].map(product).to_numpy()
        self.shape = (len(companies), len(self.names))
        starts, ends = links["from_product"].map(product).to_numpy(), links["to_product"].map(product).to_numpy()
        square = (len(self.names), len(self.names))

        def of(kind: str) -> sp.csr_matrix:
            is_kind = (links["rel"] == kind).to_numpy()
            return ones(starts[is_kind], ends[is_kind], square)

        self.classes = of("产品小类")
        self.supplies = _as_ones(of("上游材料") + of("下游产品").T)
        members = members[members["company_code"].isin(company)]
        self.industries = []
        for digits in (6, 2):
            code, found = pd.factorize(members["industry_code"].str[:digits], sort=True)
            at = members["company_code"].map(company).to_numpy()
            self.industries.append(ones(at, code, (len(companies), len(found))))
        long_names = full.drop_duplicates("code").set_index("code")["fullname"]
        industry = members.drop_duplicates("company_code").set_index("company_code")["industry_name"]
        self.texts = [
            f"{long_names.get(code[:6], '')} {industry.get(code, '')}".replace("股份有限公司", "") for code in companies
        ]

    def companies(self, seed: int) -> Task:
        """A tenth of the companies' products hidden."""
        is_hidden = np.random.default_rng(seed).random(len(self.rows)) < 0.1
        known = ones(self.rows[~is_hidden], self.columns[~is_hidden], self.shape)
        wanted = ones(self.rows[is_hidden], self.columns[is_hidden], self.shape)
        return Task(known, wanted, self.names, self.classes, self.supplies, self.industries, self.texts)

    def materials(self, seed: int) -> Task:
        """A tenth of the products' materials hidden; the owner is a product, its industry the class it belongs to."""
        rows, columns = self.supplies.nonzero()
        is_hidden = np.random.default_rng(seed).random(len(rows)) < 0.1
        owners, row = np.unique(rows, return_inverse=True)
        shape, square = (len(owners), len(self.names)), self.supplies.shape
        known = ones(row[~is_hidden], columns[~is_hidden], shape)
        wanted = ones(row[is_hidden], columns[is_hidden], shape)
        above = self.classes.T.tocsr()
        used = np.flatnonzero(np.asarray(self.classes.sum(axis=1)).ravel())
        wider = _as_ones(above + above @ above)
        classes = [above[owners][:, used].tocsr(), wider[owners][:, used].tocsr()]
        supplies = ones(rows[~is_hidden], columns[~is_hidden], square)
        return Task(known, wanted, self.names, self.classes, supplies, classes, [self.names[at] for at in owners])


def _as_ones(matrix: Any) -> sp.csr_matrix:
    matrix = matrix.tocsr()
    matrix.data[:] = 1.0
    return matrix


def ranks(score: Scorer, known: sp.csr_matrix, wanted: sp.csr_matrix) -> npt.NDArray[np.int64]:
    """Give the rank of every hidden product among all that its company is not known for."""
    found = []
    asked = np.flatnonzero(np.diff(wanted.indptr))
    for start in range(0, len(asked), BATCH):
        batch = asked[start : start + BATCH]
        for company, row in zip(batch, np.array(score(batch), dtype=np.float64), strict=True):
            row[known[company].indices] = -np.inf
            for at in wanted[company].indices:
                found.append(int((row > row[at]).sum() + (row[:at] == row[at]).sum()) + 1)
    return np.array(found)


def pagerank(task: Task) -> Scorer:
    """Walks that start again at the owner with 0.15, over its products and the graph of products; ten steps."""
    known, links = task.known, task.classes + task.supplies
    companies, products = known.shape
    whole = sp.bmat([[None, known], [known.T, links + links.T]], format="csr")
    step = normalize(whole, "l1").astype(np.float32)

    def score(batch: npt.NDArray[Any]) -> npt.NDArray[Any]:
        start = np.zeros((companies + products, len(batch)), np.float32)
        start[batch, np.arange(len(batch))] = 1.0
        at = start
        for _ in range(10):
            at = 0.15 * start + 0.85 * (down @ at)
        return at[companies:].T

    down = step.T.tocsr()
    return score


def standard(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    top = values.max(axis=1, keepdims=True)
    return np.asarray(values / np.maximum(top, 1e-9))


def methods(task: Task) -> dict[str, Callable[[], Scorer]]:
    known = task.known
    popularity = np.asarray(known.sum(axis=0)).ravel()

    def popular() -> Scorer:
        return lambda batch: np.tile(popularity, (len(batch), 1))

    def industry() -> Scorer:
        made = task.industries[0].T @ known
        return lambda batch: (task.industries[0][batch] @ made).toarray() + popularity / 1e6

    def names() -> Scorer:
        grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3), dtype=np.float32).fit_transform(task.names)
        profile, down = normalize(known @ grams), grams.T.tocsr()
        return lambda batch: (profile[batch] @ down).toarray()

    def walk() -> Scorer:
        return pagerank(task)

    def plain_sum() -> Scorer:
        four = [made() for made in (popular, industry, names, walk)]
        return lambda batch: np.sum([standard(one(batch)) for one in four], axis=0)

    def ours() -> Scorer:
        ranker = LinkRanker().fit(known, task.names, task.classes, task.supplies, task.industries, task.texts)

        def score(batch: npt.NDArray[Any]) -> npt.NDArray[Any]:
            # What is no candidate follows in the order of popularity.
            out = np.tile(popularity / 1e6 - 1.0, (len(batch), 1))
            for at, company in enumerate(batch):
                candidates, points, _ = ranker.rank(int(company))
                out[at, candidates] = points
            return out

        return score

    return {
        "zeyou": ours,
        "popularity": popular,
        "industry popularity": industry,
        "character n-grams": names,
        "personalised PageRank": walk,
        "their plain sum": plain_sum,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("ZEYOU_REFERENCE_DATA")
    parser.add_argument("--data", type=Path, default=Path(default) / "enterprises" if default else None)
    parser.add_argument("--seed", type=int, nargs="+", default=[26])
    parser.add_argument("--edges", nargs="+", choices=tuple(LABELS), default=list(LABELS))
    parser.add_argument("--method", nargs="+", help="only these")
    options = parser.parse_args()
    if options.data is None or not (options.data / "chainkg_company_product.parquet").exists():
        print("no chainkg files: pass --data or set ZEYOU_REFERENCE_DATA")
        return
    graph = Graph(options.data)
    for kind, seed in ((kind, seed) for kind in options.edges for seed in options.seed):
        task = graph.companies(seed) if kind == "companies" else graph.materials(seed)
        hidden = task.wanted.nonzero()[1]
        alone = (np.asarray(task.known.sum(axis=0)).ravel()[hidden] == 0).mean()
        print(
            f"{LABELS[kind]}, seed {seed}: {len(hidden):,} of {len(hidden) + task.known.nnz:,} edges hidden, {len(graph.names):,} products "
            f"to rank, {alone:.3f} of the hidden belong to no other",
            flush=True,
        )
        lines: list[tuple[str, ...]] = [("", "recall@10", "recall@50", "MRR", "s", "peak MB so far")]
        for name, made in methods(task).items():
            if options.method and name not in options.method:
                continue
            start = time.perf_counter()
            found = ranks(made(), task.known, task.wanted)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
            figures = [f"{value:.3f}" for value in ((found <= 10).mean(), (found <= 50).mean(), (1 / found).mean())]
            lines.append((name, *figures, f"{time.perf_counter() - start:.0f}", f"{peak:.0f}"))
        print(table(lines), flush=True)


if __name__ == "__main__":
    main()
