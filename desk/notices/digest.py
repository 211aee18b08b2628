"""What a digest says (摘要): counts of one unit's list and a link.

Belongs here: the text. Does not belong here: names of leads, firms or persons, sending.
"""

from __future__ import annotations

from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc

from desk.access import Reach
from desk.listing import Filters, PublishedList


def unit_digest(published: PublishedList, hidden: frozenset[str], unit: str, site: str) -> tuple[str, str]:
    """Give subject and text of a unit's digest; leads that refuse contact count nowhere."""
    visible = Reach(frozenset({unit}))
    rows = published.select(Filters(), visible, hidden)
    bands = pc.value_counts(published.table["band"].take(pa.array(rows))).to_pylist()
    told = "、".join(f"{b['values']} 档 {b['counts']} 条" for b in sorted(bands, key=lambda b: b["values"]))
    moved = len(published.select(Filters(only="moved"), visible, hidden)) if published.changes else None
    due = len(published.overdue_of(unit, hidden))
    label = "（合成数据）" if published.snapshot.manifest["is_synthetic"] else ""
    lines = [
        f"{unit}：参加排序 {len(rows)} 条" + (f"（{told}）" if told else ""),
        *([f"资料有变化 {moved} 条"] if moved is not None else []),
        f"该联系而没有联系 {due} 条",
        *([f"查看：{site}/unit?name={quote(unit)}"] if site else []),
    ]
    return f"择优名单 {published.as_of_date}{label}", "\n".join(lines)
