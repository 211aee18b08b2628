"""Any table of features scored by the models in use (批量评分), with reasons: a past year's leads, or a whole register.

Belongs here: which tables are in use, errors in words. Does not belong here: scoring (models.additive.bulk).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from models.additive import from_tables, part_of
from models.additive.bulk import BulkScorer, score_parquet
from orchestration.resources import workplace_of
from orchestration.settings import Settings


def score_file(
    settings: Settings,
    source: Path,
    target: Path,
    keys: Sequence[str],
    parts: Sequence[str],
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Score a Parquet file by the parts of the models in use; give the number of rows.

    Scores are on the scale of each part: log odds for landing, log1p(万元) for tax. LookupError tells in Chinese what is wrong with a file or a part.
    """
    held = workplace_of(settings).parquet("learning/model_tables")
    if not held.exists():
        raise LookupError("还没有在用的模型：请先运行夜间作业")
    if not source.is_file():
        raise LookupError(f"{source}：没有这个文件；请检查路径")
    if source.resolve() == target.resolve():
        raise LookupError(f"{target}：结果不能写在特征表自己身上，请另起文件名")
    tables = pd.read_parquet(held)
    known = sorted(set(tables["part"]))
    if unknown := [part for part in parts if part not in known]:
        raise LookupError(f"在用的模型没有 {'、'.join(unknown)}；有 {'、'.join(known)}")
    scorer = BulkScorer({part: from_tables(part_of(tables, part)) for part in parts})
    try:
        columns = pq.read_schema(source).names
    except pa.ArrowInvalid as problem:
        raise LookupError(f"{source}：不是 Parquet 文件，不能评分；请先转换") from problem
    if absent := [c for c in (*keys, *scorer.features) if c not in columns]:
        raise LookupError(f"{source}：缺少列 {'、'.join(absent)}；特征表的列名同 features/ftr_lead__12m")
    try:
        return score_parquet(source, target, scorer, keys, progress=progress)
    except (ValueError, TypeError) as problem:
        raise LookupError(f"{source}：有一列的类型不对，不能评分（{problem}）") from problem
