"""The district as its ledgers tell it on a day: leads, who answers for them, what they reached.

Belongs here: what every board counts from. The sample's truth files are read, not the landed rows: what intake misreads shows too.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import yaml

SEEDS = Path(__file__).resolve().parents[3] / "dbt_project" / "seeds"
CONTRACTS = SEEDS.parents[1] / "intake" / "contracts"
# A ledger has its own columns: what a layout has no place for is not known, though the sample's people knew it.
MASKED = (
    "is_foreign",
    "fixed_investment_wan_cny",
    "land_mu",
    "promised_tax_wan_cny",
    "registered_capital_wan_cny",
    "lead_source",
    "titles",
    "patent_count",
    "research_wan_cny",
)
IN_PERSON = ("见商", "出差", "考察")


def seed(name: str) -> pd.DataFrame:
    """A table of rules that the office edits."""
    return pd.read_csv(SEEDS / f"{name}.csv")


def _title(cell: object) -> str:
    """A header cell without brackets, units and spaces."""
    plain = "" if cell is None else str(cell).translate(str.maketrans("（）：", "():"))
    return re.sub(r"\s|^其中:|\((亿元|万元|亩|平方米|万美元)\)", "", plain)


def month_of(dates: pd.Series) -> pd.Series:
    return dates.dt.to_period("M").dt.to_timestamp()


@dataclass(frozen=True)
class Ledgers:
    """What was written and is known before `as_of`."""

    folder: Path
    as_of_day: dt.date

    @property
    def as_of(self) -> pd.Timestamp:
        return pd.Timestamp(self.as_of_day)

    def read(self, name: str) -> pd.DataFrame:
        """One ledger, without rows that nobody accepted; dates as timestamps."""
        table = pd.read_parquet(self.folder / "truth" / f"{name}.parquet")
        for column in table:
            if column.endswith("date") or column in ("recorded",):
                table[column] = pd.to_datetime(table[column])
        if "is_refused" in table:
            table = table[~table["is_refused"].astype(bool)]
        if "strange_lead_id" in table:
            table = table[table["strange_lead_id"].isna()]
        return table

    @cached_property
    def units(self) -> pd.DataFrame:
        """单位名录 with every spelling."""
        return (
            pd.read_excel(self.folder / "inbox" / "单位名录.xlsx", header=1)
            .rename(
                columns={
                    "单位名称": "unit_name",
                    "单位类型": "unit_type",
                    "上级单位": "parent_unit_name",
                    "简称": "short_names",
                }
            )
            .dropna(subset=["unit_type"])
        )

    @cached_property
    def unit_types(self) -> pd.Series:
        return self.units.set_index("unit_name")["unit_type"]

    def limit(self, code: str) -> float:
        rules = seed("board_limits")
        return float(rules.loc[rules["rule_code"] == code, "limit_value"].iloc[-1])

    @cached_property
    def transfers(self) -> pd.DataFrame:
        """Hand-overs that took place; one that waits or was sent back moved nothing."""
        table = self.read("lead_transfers")
        done = table[(table["transfer_state"] == "已流转") & (table["transferred_date"] < self.as_of)]
        known = done["from_unit_name"].isin(self.unit_types.index) & done["to_unit_name"].isin(self.unit_types.index)
        return done[known].sort_values("transferred_date")

    def answering(self, lead_ids: pd.Series, dates: pd.Series) -> pd.Series:
        """Unit that answered for a lead on a day: a hand-over moves what comes on its day and after."""
        present = self.leads["unit_name"]
        by_lead = dict(list(self.transfers.groupby("lead_id")))

        def unit(lead: str, day: pd.Timestamp) -> str | None:
            rows = by_lead.get(lead)
            if rows is not None:
                later = rows[rows["transferred_date"] > day]
                if len(later):
                    return str(later["from_unit_name"].iloc[0])
            return present.get(lead)

        return pd.Series([unit(a, b) for a, b in zip(lead_ids, dates, strict=True)], index=lead_ids.index, dtype=object)

    @cached_property
    def leads(self) -> pd.DataFrame:
        """Leads on the ledger, by number, with the unit that has them now."""
        table = self.read("leads")
        written = table["written_unit_name"].map(self.spellings)
        rows = pd.read_parquet(self.folder / "truth" / "ledger_rows.parquet")
        # A row sent back counts once its correction came in.
        standing = set(rows.loc[rows["is_current"] & rows["refused_kind"].isna(), "lead_id"])
        table = table[table["lead_id"].isin(standing) & written.notna()].assign(
            unit_name=written, enterprise_name=table["written_name"]
        )
        table = table[table["reported_date"] < self.as_of]
        details = self.read("lead_details")
        own = [c for c in details if c not in table.columns or c == "lead_id"]
        table = table.merge(details[own], on="lead_id", how="left").set_index("lead_id")
        table["first_unit_name"] = table["unit_name"]
        last = self.transfers.drop_duplicates("lead_id", keep="last").set_index("lead_id")["to_unit_name"]
        table["unit_name"] = last.reindex(table.index).fillna(table["unit_name"])
        table["unit_type"] = table["unit_name"].map(self.unit_types)
        for field in MASKED:
            table[field] = table[field].where(
                pd.Series(self._filled(field), dtype=bool).reindex(table.index, fill_value=False)
            )
        return table

    def _filled(self, field: str) -> dict[str, bool]:
        """Whether a lead's present row of the workbook has a value under one of the field's titles."""
        contract = yaml.safe_load((CONTRACTS / "leads.yaml").read_text())
        told = next(f for f in contract["fields"] if f["name"] == field)
        titles = {_title(t) for t in [told["title"], *told.get("synonyms", [])]}
        rows = pd.read_parquet(self.folder / "truth" / "ledger_rows.parquet")
        found = {}
        for (file, sheet), own in rows[rows["is_current"] & rows["refused_kind"].isna()].groupby(["file", "sheet"]):
            cells = self._sheet(file, sheet)
            header = cells[:6]
            columns = [i for i in range(len(cells[0])) if any(i < len(r) and _title(r[i]) in titles for r in header)]
            for lead, row in zip(own["lead_id"], own["row"], strict=True):
                found[lead] = any(_title(cells[int(row) - 1][i]) not in ("", "-", "无", "/", "—") for i in columns)
        return found

    def written(self, rows: pd.DataFrame, title: str) -> pd.Series:
        """A column of the workbook as it is written, for rows of a ledger."""
        found = []
        for file, sheet, row in rows[["file", "sheet", "row"]].itertuples(index=False):
            cells = self._sheet(file, sheet)
            column = next(i for head in cells[:6] for i, cell in enumerate(head) if _title(cell) == title)
            found.append(float(str(cells[int(row) - 1][column]).replace("万美元", "").replace(",", "")))
        return pd.Series(found, index=rows.index, dtype=float)

    def _sheet(self, file: str, sheet: str) -> list[tuple[object, ...]]:
        if file not in self._books:
            self._books[file] = openpyxl.load_workbook(self.folder / "inbox" / file, data_only=True)
        return list(self._books[file][sheet].iter_rows(values_only=True))

    @cached_property
    def _books(self) -> dict[str, openpyxl.Workbook]:
        return {}

    @cached_property
    def spellings(self) -> dict[str, str]:
        """Every way in which one unit alone is written."""
        ways: dict[str, set[str]] = {}
        for unit in self.units.to_dict("records"):
            short = [] if pd.isna(unit["short_names"]) else re.split("[、；;，,]", unit["short_names"])
            for name in {unit["unit_name"], *short}:
                ways.setdefault(name.strip(), set()).add(unit["unit_name"])
        return {name: next(iter(units)) for name, units in ways.items() if len(units) == 1}

    @cached_property
    def stages(self) -> pd.Series:
        """Place of every stage, without 终止."""
        rules = seed("stage_rules")
        return rules[rules["stage"] != "终止"].set_index("stage")["stage_order"]

    @cached_property
    def moves(self) -> pd.DataFrame:
        """Moves of known leads, with whether they have the evidence that the stage asks for."""
        table = self.read("stage_moves").rename(columns={"date": "moved_date", "recorded": "recorded_date"})
        table = table[table["is_written"].astype(bool) & table["lead_id"].isin(self.leads.index)]
        known = table[["moved_date", "recorded_date"]].max(axis=1)
        table = table[known < self.as_of].copy()
        asked = seed("stage_rules").set_index("stage")["evidence_kinds"]
        table["has_evidence"] = [
            pd.isna(asked[stage]) or kind in str(asked[stage]).split("、")
            for stage, kind in zip(table["stage"], table["evidence_kind"], strict=True)
        ]
        table["unit_name"] = self.answering(table["lead_id"], table["moved_date"])
        return table

    @cached_property
    def reached(self) -> pd.DataFrame:
        """First day of each stage with evidence, a column a stage."""
        counted = self.moves[self.moves["has_evidence"]]
        wide = counted.pivot_table(index="lead_id", columns="stage", values="moved_date", aggfunc="min")
        return wide.reindex(index=self.leads.index, columns=[*self.stages.index, "终止"])

    @cached_property
    def follow_ups(self) -> pd.DataFrame:
        table = self.read("follow_ups").rename(columns={"date": "follow_up_date", "recorded": "recorded_date"})
        table = table[table["lead_id"].isin(self.leads.index)]
        table = table[table[["follow_up_date", "recorded_date"]].max(axis=1) < self.as_of].copy()
        # Whoever talked wrote it: the sample's follow-ups are all written by the unit that the lead's own ledger names.
        table["unit_name"] = table["lead_id"].map(self.leads["first_unit_name"])
        return table

    @cached_property
    def trips(self) -> pd.DataFrame:
        table = self.read("trips_events")
        return table[table["unit_name"].isin(self.unit_types.index)]

    @cached_property
    def state(self) -> pd.DataFrame:
        """One row a lead: how far it came, since when, whether it goes on."""
        reached, leads = self.reached, self.leads
        found = leads.copy()
        ways = reached[list(self.stages.index)]
        far = ways.notna().mul(self.stages, axis=1).max(axis=1).clip(lower=1).astype(int)
        names = {order: stage for stage, order in self.stages.items()}
        found["stage"], found["stage_order"] = far.map(names), far
        found["stage_date"] = [
            ways.at[lead, stage] if pd.notna(ways.at[lead, stage]) else leads.at[lead, "reported_date"]
            for lead, stage in found["stage"].items()
        ]
        for name, stage in [("signed", "签约"), ("started", "开工"), ("operation", "投产"), ("completed", "竣工")]:
            found[f"{name}_date"] = reached[stage]
            day = pd.Series(reached[stage].to_numpy(), index=pd.Index(leads.index))
            found[f"{name}_unit_name"] = self.answering(leads.index.to_series(), day).where(day.notna())
        found["is_ended"] = reached["终止"].notna()
        found["reported_unit_name"] = self.answering(leads.index.to_series(), leads["reported_date"])
        contacts = self.follow_ups.groupby("lead_id")["follow_up_date"]
        found["contact_count"] = contacts.size().reindex(leads.index).fillna(0)
        found["contact_day_count"] = contacts.nunique().reindex(leads.index).fillna(0)
        found["last_contact_date"] = contacts.max().reindex(leads.index)
        last_move = self.moves.groupby("lead_id")["moved_date"].max().reindex(leads.index)
        found["last_activity_date"] = pd.concat([found["last_contact_date"], last_move], axis=1).max(axis=1)
        found["is_counted_signing"] = found.index.isin(self.counted_signings)
        return found

    @cached_property
    def counted_signings(self) -> set[str]:
        return self.counted(self.reached["签约"])

    def counted(self, signed: pd.Series) -> set[str]:
        """Signings without those that repeat one of the same investor and project within the months of the rule."""
        months = int(self.limit("repeat_months"))
        signed = signed.dropna()
        table = self.leads.loc[signed.index].assign(day=signed)
        name = table["project_name"].str.replace(r"(项目|工程|[一二三四五六七八九十\d]+期)", "", regex=True)
        firm = table["enterprise_name"].str.replace(r"[\s]", "", regex=True).str.translate(str.maketrans("（）", "()"))
        counted: set[str] = set()
        for _, rows in table.assign(name=name, firm=firm).sort_values("day").groupby(["firm", "name"]):
            before = None
            for lead, day in rows["day"].items():
                if before is None or day >= before + pd.DateOffset(months=months):
                    counted.add(str(lead))
                before = day
        return counted


def share(part: pd.Series, whole: pd.Series) -> pd.Series:
    """Percent with two places; nothing where there is nothing to divide by."""
    return (
        (100 * part / whole.where(whole != 0)).astype(float).map(lambda x: np.nan if pd.isna(x) else round(x + 1e-9, 2))
    )
