"""Contributions in words (理由): labels and values as a recruiter reads them.

Belongs here: putting the Chinese label and the written value beside each contribution of landing, tax and fit.
Does not belong here: how large a contribution is (SQL tables), how reasons share the score (models.ranking).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from models.additive.labels import FeatureLabel
from models.landing.settings import LandingSettings
from models.level import LEVEL
from models.tax.settings import TaxSettings

# GB/T 4754-2017: the letter of a section (门类) and its name.
SECTION_NAMES = {
    "A": "农、林、牧、渔业", "B": "采矿业", "C": "制造业", "D": "电力、热力、燃气及水生产和供应业", "E": "建筑业",
    "F": "批发和零售业", "G": "交通运输、仓储和邮政业", "H": "住宿和餐饮业", "I": "信息传输、软件和信息技术服务业",
    "J": "金融业", "K": "房地产业", "L": "租赁和商务服务业", "M": "科学研究和技术服务业", "N": "水利、环境和公共设施管理业",
    "O": "居民服务、修理和其他服务业", "P": "教育", "Q": "卫生和社会工作", "R": "文化、体育和娱乐业",
    "S": "公共管理、社会保障和社会组织", "T": "国际组织",
}  # fmt: skip

LEVEL_LABEL, LEVEL_VALUE = "总体水平", "按近期落地的实际多少"


def word_contributions(
    contributions: pd.DataFrame,
    landing: LandingSettings,
    tax: TaxSettings,
    fit_labels: Mapping[str, str],
    chain_names: Mapping[str, str],
) -> pd.DataFrame:
    """Add ``label`` and ``value`` to contributions as SQL gives them.

    Parameters
    ----------
    contributions : DataFrame
        ``lead_id, part, term, feature, value_text, level_label, contribution``; ``value_text`` is the raw value as SQL
        casts it to text, null where it is missing. Those of the ends of the interval of tax are left out: they move no
        rank.
    fit_labels : mapping
        Component of chain fit to its label.
    chain_names : mapping
        Id of a chain to its name.

    Returns
    -------
    DataFrame
        ``lead_id, part, term, label, value, contribution``: what :func:`models.ranking.rank_leads` takes.
    """
    names = {"industry_section": SECTION_NAMES, "chain_id": chain_names}
    features = {"landing": {f.name: f for f in landing.features}, "tax": {f.name: f for f in tax.features}}
    contributions = contributions[contributions["part"].isin(["landing", "tax", "fit"])]
    # A few thousand distinct (feature, value) pairs stand for a hundred thousand rows: word each pair once.
    pairs = contributions[["part", "feature", "term", "value_text", "level_label"]].drop_duplicates()
    rows: list[Any] = list(pairs.itertuples(index=False))
    worded = [
        LEVEL_VALUE
        if row.term == LEVEL
        else row.level_label
        if row.part == "fit"
        else names.get(row.feature, {}).get(row.value_text) or _value(features[row.part][row.feature], row.value_text)
        for row in rows
    ]
    labels = [
        LEVEL_LABEL
        if row.term == LEVEL
        else fit_labels[row.term]
        if row.part == "fit"
        else features[row.part][row.feature].label
        for row in rows
    ]
    pairs = pairs.assign(label=labels, value=pd.Series(worded, index=pairs.index, dtype=object))
    merged = contributions.merge(pairs, on=["part", "feature", "term", "value_text", "level_label"], how="left")
    return merged[["lead_id", "part", "term", "label", "value", "contribution"]]


def _value(feature: FeatureLabel, text: Any) -> str:
    if text is None or pd.isna(text):
        return feature.value_text(None)
    if text in ("true", "false"):
        return feature.value_text(text == "true")
    try:
        return feature.value_text(float(text))
    except ValueError:
        return feature.value_text(text)
