"""Products ranked for a company: a small graph made by hand."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from models.chain.expectation import NextProduct
from models.chain.linking import SIGNALS, LinkRanker

WATER = ["反渗透膜", "超滤膜", "纳滤膜", "微滤膜", "平板膜", "中空纤维膜"]
CLOTH = ["纯棉面料", "针织面料", "色织面料", "牛仔面料", "涤纶面料", "弹力面料"]
NAMES = [*WATER, *CLOTH, "膜壳", "棉纱"]


def graph(products: list[list[int]]) -> sp.csr_matrix:
    out = np.zeros((len(products), len(NAMES)), np.float32)
    for company, made in enumerate(products):
        out[company, made] = 1.0
    return sp.csr_matrix(out)


@pytest.fixture(scope="module")
def ranker() -> LinkRanker:
    rng = np.random.default_rng(0)
    water = [sorted(rng.choice(6, 4, replace=False)) for _ in range(20)]
    cloth = [sorted(6 + rng.choice(6, 4, replace=False)) for _ in range(20)]
    edges = graph([[0, 1], *water, *cloth])
    square = (len(NAMES), len(NAMES))
    supplies = sp.csr_matrix(([1.0, 1.0], ([0, 6], [12, 13])), shape=square)
    industry = sp.csr_matrix(np.r_[np.tile([[1.0, 0.0]], (21, 1)), np.tile([[0.0, 1.0]], (20, 1))])
    texts = ["净水科技", *["净水"] * 20, *["纺织"] * 20]
    return LinkRanker(axes=4).fit(edges, NAMES, sp.csr_matrix(square), supplies, [industry, industry], texts)


def test_the_products_of_its_own_kind_come_first_and_known_ones_never(ranker: LinkRanker) -> None:
    found, _, _ = ranker.rank(0)
    assert set(found[:4]) == {2, 3, 4, 5}
    assert not {0, 1} & set(found)


def test_reasons_add_up_and_only_ever_raise(ranker: LinkRanker) -> None:
    _, score, parts = ranker.rank(0)
    assert parts.shape[1] == len(SIGNALS)
    assert np.allclose(parts.sum(axis=1), score, atol=1e-12)
    assert (parts >= 0).all() and (np.diff(score) <= 0).all()


def test_more_of_a_signal_never_lowers_the_score(ranker: LinkRanker) -> None:
    for at in range(len(SIGNALS)):
        grid = np.zeros((50, len(SIGNALS)))
        grid[:, at] = np.linspace(0, 25, 50)
        assert (np.diff(ranker.contributions(grid).sum(axis=1)) >= -1e-12).all()
    assert ranker.contributions(np.zeros((1, len(SIGNALS)))).sum() == 0


def test_the_expected_name_is_one_of_the_same_kind() -> None:
    """Who makes two membranes is expected to make a third, not cloth."""
    edges = graph(
        [[0, 1, 2], [1, 2, 3], [0, 2, 4], [0, 1, 5], [6, 7, 8], [7, 8, 9], [6, 8, 10], [6, 7, 11], [0, 1], [6, 7]]
    )
    industry = sp.csr_matrix(np.ones((10, 1), np.float32))
    expected = NextProduct(axes=6).read(NAMES, ["甲"] * 10).fit(edges, [industry, industry])
    for company, own, other in ((8, [2, 3, 4, 5], [8, 9, 10, 11]), (9, [8, 9, 10, 11], [2, 3, 4, 5])):
        assert expected.likeness(company, np.array(own)).min() > expected.likeness(company, np.array(other)).max()
    everything = expected.likeness(8, np.arange(len(NAMES)))
    assert (everything >= 0).all() and (everything <= 1 + 1e-6).all()


def test_where_nobody_makes_two_products_no_name_is_expected() -> None:
    edges, industry = graph([[0], [1], [6], [7]]), sp.csr_matrix(np.ones((4, 1), np.float32))
    expected = NextProduct(axes=3).read(NAMES, ["甲"] * 4).fit(edges, [industry, industry])
    assert not expected.likeness(0, np.arange(len(NAMES))).any()


def test_without_edges_to_learn_from_it_says_so() -> None:
    square = (len(NAMES), len(NAMES))
    none = sp.csr_matrix(square)
    with pytest.raises(ValueError, match="太少"):
        LinkRanker().fit(graph([[0]]), NAMES, none, none, [sp.csr_matrix([[1.0]])], ["净水"])
