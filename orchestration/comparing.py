"""What other weights would do to the list (权重改动的影响), in words, before they are saved.

Belongs here: reading what was scored last and wording the moves. Does not belong here: ranking (models.ranking).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from models.ranking import RankingWeights, compare_weights
from orchestration.defs.scoring.assets import worded_contributions
from orchestration.resources import workplace_of
from orchestration.settings import Settings


def compare_with(settings: Settings, file: Path, top: int = 20) -> str:
    """Give the moves that a weights file would make, as lines of text; raises WeightsError for a wrong file."""
    workplace = workplace_of(settings)
    new, old = RankingWeights.load(file), RankingWeights.load(workplace.office_file("weights.yaml"))
    path = workplace.export("scores/scr_lead__parts")
    if not path.exists():
        raise LookupError("还没有评过分：请先运行夜间作业")
    raw = pd.read_parquet(workplace.export("scores/scr_lead__contributions"))
    return moves_in_words(
        compare_weights(pd.read_parquet(path), worded_contributions(workplace, raw), old, new), old, new, top
    )


def moves_in_words(moves: pd.DataFrame, old: RankingWeights, new: RankingWeights, top: int) -> str:
    """Word the comparison: weights, how many move and change band, who enters and leaves the top, the new top."""
    ranked = moves[moves["new_rank"].notna() & moves["old_rank"].notna()]
    moved, banded = (ranked["rank_gain"] != 0).sum(), (ranked["old_band"] != ranked["new_band"]).sum()
    comes = ranked[(ranked["new_rank"] <= top) & (ranked["old_rank"] > top)]
    goes = ranked[(ranked["old_rank"] <= top) & (ranked["new_rank"] > top)].sort_values("old_rank")
    screened = moves[moves["old_rank"].notna() & moves["new_rank"].isna()]
    back = moves[moves["old_rank"].isna() & moves["new_rank"].notna()]
    lines = [
        f"现行：{_shares(old)}；试算：{_shares(new)}（只是试算，未保存）",
        f"参加排序 {len(ranked):,} 条：名次变动 {moved:,} 条，换档 {banded:,} 条；"
        f"新被排除 {len(screened):,} 条，重新参加 {len(back):,} 条",
        f"前 {top} 名：进 {len(comes)} 条，出 {len(goes)} 条",
    ]
    lines += [f"  进 {_line(row)}" for row in comes.to_dict("records")]
    lines += [f"  出 {_line(row)}" for row in goes.to_dict("records")]
    lines += [f"试算后的前 {top} 名：", *(f"  {_line(row)}" for row in ranked.head(top).to_dict("records"))]
    return "\n".join(lines)


def _shares(weights: RankingWeights) -> str:
    return weights.shares_text


def _line(row: Mapping[Any, Any]) -> str:
    gain = int(row["rank_gain"])
    arrow = "不变" if gain == 0 else f"{'升' if gain > 0 else '降'} {abs(gain)}"
    return (
        f"{row['old_rank']} → {row['new_rank']}（{arrow}）{row['project_name']}（{row['unit_name']}）"
        f" {row['old_score']:.1f} → {row['new_score']:.1f} 分，{row['old_band']} → {row['new_band']} 档"
    )
