"""Completeness of a unit's ledgers (台账完整率, C100): cells asked for by the office's table, cells filled, rows that went back."""

from __future__ import annotations

import pandas as pd

from recomputed.ledgers import Ledgers, seed, share

# The latest of these is the day that a row bears; targets bear none.
DATES = {
    "leads": ("reported_date",),
    "follow_ups": ("follow_up_date", "recorded_date"),
    "stage_moves": ("moved_date", "recorded_date"),
    "targets": (),
    "investment_progress": ("period_date",),
    "project_commitments": ("agreed_date",),
}
NOBODY = "未归到单位"
PLACE = ["file", "sheet"]
KEY = ["unit_name", "ledger"]
SUMS = ["row_count", "complete_row_count", "asked_count", "filled_count", "annotated_count", "refused_count"]


def completeness(ledgers: Ledgers) -> pd.DataFrame:
    """Rows by unit and ledger, and by unit alone; a unit that sent nothing stands with 0."""
    rows = pd.concat([_rows(ledgers, name) for name in DATES], ignore_index=True)
    rows["unit_name"] = rows["unit_name"].fillna(NOBODY)
    rows["last_row_date"] = rows["row_date"].where(rows["row_date"] <= ledgers.as_of)
    counts = rows.groupby(KEY).agg(
        row_count=("asked_count", "size"),
        complete_row_count=("is_complete", "sum"),
        asked_count=("asked_count", "sum"),
        filled_count=("filled_count", "sum"),
        annotated_count=("is_annotated", "sum"),
        last_row_date=("last_row_date", "max"),
    )
    lacking = rows.explode("lacking").dropna(subset=["lacking"]).groupby([*KEY, "lacking"]).size()
    words: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for (unit, ledger, title), number in lacking.items():
        words.setdefault((unit, ledger), []).append((-number, title))
    counts["missing_text"] = pd.Series(
        {key: "、".join(f"{title}缺{-number}行" for number, title in sorted(own)) for key, own in words.items()}
    )
    found = counts.join(_sent_back(ledgers, rows).rename("refused_count"), how="outer")
    found[SUMS] = found[SUMS].fillna(0)
    whole = found.groupby("unit_name").agg(dict.fromkeys(SUMS, "sum") | {"last_row_date": "max"})
    whole = whole.reindex([*ledgers.unit_types.index, NOBODY])
    whole[SUMS] = whole[SUMS].fillna(0)
    found = pd.concat([found.reset_index(), whole.assign(ledger="全部").reset_index()])
    found["unit_type"] = found["unit_name"].map(ledgers.unit_types)
    return found.assign(filled_pct=share(found["filled_count"], found["asked_count"]))


def _rows(ledgers: Ledgers, name: str) -> pd.DataFrame:
    """Rows of a ledger that stand, whose they are, what each should hold and lacks."""
    table = ledgers.read(name)
    if name == "targets":
        unit = table["unit_name"].map(ledgers.spellings)
        order = pd.Series(1, table.index)
    else:
        # Whose a lead is after all that was received; how far it came, as of the day.
        unit = table["lead_id"].map(ledgers.leads["unit_name"])
        order = table["lead_id"].map(ledgers.state["stage_order"])
    if name == "stage_moves":
        order = table["stage"].map(ledgers.stages)
    order = order.fillna(1)
    asked = seed("completeness_fields")
    asked = asked[(asked["ledger"] == name) & (pd.to_datetime(asked["valid_from"]) <= ledgers.as_of)]
    asked = asked.sort_values("valid_from").drop_duplicates("field_name", keep="last")
    since = asked["from_stage"].map(ledgers.stages).fillna(1)
    should = {f: order >= stage for f, stage in zip(asked["field_name"], since, strict=True)}
    lacks = {
        f: is_asked & (table[f].isna() | table[f].astype(str).str.strip().eq("")) for f, is_asked in should.items()
    }
    titles = asked.set_index("field_name")["field_title"]
    asked_count, lack_count = (pd.DataFrame(flags).sum(axis=1) for flags in (should, lacks))
    found = table[PLACE].assign(unit_name=unit, ledger=name, is_annotated=unit.isna())
    found["asked_count"], found["filled_count"] = asked_count, asked_count - lack_count
    found["is_complete"] = lack_count == 0
    found["lacking"] = [[titles[f] for f in lacks if lacks[f][i]] for i in table.index]
    days = list(DATES[name])
    found["row_date"] = table[days].max(axis=1) if days else pd.NaT
    return found


def _sent_back(ledgers: Ledgers, rows: pd.DataFrame) -> pd.Series:
    """Rows that nobody can read: the unit's, whose rows alone fill the sheet."""
    of_sheet = rows.groupby(["ledger", *PLACE])["unit_name"].agg(
        lambda units: units.iloc[0] if units.nunique() == 1 else NOBODY
    )
    back = pd.concat([ledgers.sent_back(name).assign(ledger=name) for name in DATES])
    back = back.join(of_sheet, on=["ledger", *PLACE])
    return back.assign(unit_name=back["unit_name"].fillna(NOBODY)).groupby(KEY).size()
