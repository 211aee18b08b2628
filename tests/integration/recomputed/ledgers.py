"""The district as its ledgers tell it on a day: leads, who answers for them, what they reached.

Belongs here: what every board counts from. Everything is read from the workbooks of the inbox and the register (workbooks.py), so
that what intake misreads shows. One thing is taken from the sample's truth: which firm a lead's investor is (code, row of the register),
since matching names is not recomputed here; tests/integration/test_identity.py judges it.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from office import DEFAULTS
from recomputed.workbooks import Workbooks, as_number

IN_PERSON = ("见商", "出差", "考察")


@cache
def workbooks(folder: Path) -> Workbooks:
    """The inbox, read once."""
    return Workbooks(folder)


def seed(name: str) -> pd.DataFrame:
    """A table of rules that the office edits."""
    return pd.read_csv(DEFAULTS / f"{name}.csv")


def month_of(dates: pd.Series) -> pd.Series:
    return dates.dt.to_period("M").dt.to_timestamp()


@dataclass(frozen=True)
class Ledgers:
    """What was written and is known by `as_of`, the day included."""

    folder: Path
    as_of_day: dt.date

    @property
    def as_of(self) -> pd.Timestamp:
        return pd.Timestamp(self.as_of_day)

    def read(self, name: str) -> pd.DataFrame:
        """One ledger as written, without rows that nobody can read."""
        return workbooks(self.folder).table(name)

    def sent_back(self, name: str) -> pd.DataFrame:
        """Places of the rows of a ledger that nobody can read."""
        return workbooks(self.folder).sent_back(name)

    @cached_property
    def units(self) -> pd.DataFrame:
        """单位名录 with every spelling."""
        return self.read("units")

    @cached_property
    def register(self) -> pd.DataFrame:
        """The register of enterprises, by its row of the sheet."""
        table = pd.read_parquet(self.folder / "register.parquet")
        return table.set_index(table.index + 2)

    @cached_property
    def unit_types(self) -> pd.Series:
        return self.units.set_index("unit_name")["unit_type"]

    @cached_property
    def lead_departments(self) -> set[str]:
        """Units that 单位名录 marks as 牵头部门."""
        return set(self.units.loc[self.units["is_lead_department"].map(lambda x: x is True), "unit_name"])

    def limit(self, code: str) -> float:
        rules = seed("board_limits")
        return float(rules.loc[rules["rule_code"] == code, "limit_value"].iloc[-1])

    @cached_property
    def transfers(self) -> pd.DataFrame:
        """Hand-overs that took place; one that waits or was sent back moved nothing."""
        table = self.read("lead_transfers")
        for side in ("from_unit_name", "to_unit_name"):
            table[side] = table[side].map(self.spellings)
        table = table.dropna(subset=["from_unit_name", "to_unit_name"])
        done = table[(table["transfer_state"] == "已流转") & (table["transferred_date"] <= self.as_of)]
        return done.sort_values("transferred_date")

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
        unit = table["unit_name"].map(self.spellings)
        # A lead of a unit that nobody knows counts for nobody.
        table = table[unit.notna() & (table["reported_date"] <= self.as_of)].assign(unit_name=unit)
        firms = pd.read_parquet(self.folder / "truth" / "leads.parquet").set_index("lead_id")
        table = table.set_index("lead_id")
        table["is_code_written"] = table["uscc"].notna()
        for field in ("enterprise_id", "is_in_register", "register_row"):
            table[field] = firms[field].reindex(table.index)
        table["uscc"] = table["uscc"].fillna(firms["uscc"].reindex(table.index))
        table["first_unit_name"] = table["unit_name"]
        last = self.transfers.drop_duplicates("lead_id", keep="last").set_index("lead_id")["to_unit_name"]
        table["unit_name"] = last.reindex(table.index).fillna(table["unit_name"])
        table["unit_type"] = table["unit_name"].map(self.unit_types)
        return table

    def written(self, rows: pd.DataFrame, column: str) -> pd.Series:
        """Amounts as the workbook has them, in its own currency."""
        return rows[f"{column}｜written"].map(as_number).astype(float)

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
        table = self.read("stage_moves")
        table = table[table["lead_id"].isin(self.leads.index)]
        known = table[["moved_date", "recorded_date"]].max(axis=1)
        table = table[known <= self.as_of].copy()
        asked = seed("stage_rules").set_index("stage")["evidence_kinds"]
        table["has_evidence"] = [
            pd.isna(asked[stage]) or kind in str(asked[stage]).split("、")
            for stage, kind in zip(table["stage"], table["evidence_kind"], strict=True)
        ]
        table["unit_name"] = self.answering(table["lead_id"], table["moved_date"])
        return table

    @cached_property
    def own_days(self) -> pd.DataFrame:
        """First day of each stage's own counted move, a column a stage."""
        counted = self.moves[self.moves["has_evidence"]]
        wide = counted.pivot_table(index="lead_id", columns="stage", values="moved_date", aggfunc="min")
        return wide.reindex(index=self.leads.index, columns=[*self.stages.index, "终止"])

    @cached_property
    def reached(self) -> pd.DataFrame:
        """First day that shows each stage, by its own move or a later one's; 终止 while it stands."""
        own = self.own_days[list(self.stages.sort_values().index)]
        # Whoever produces has started.
        found = pd.DataFrame({stage: own.loc[:, stage:].min(axis=1) for stage in own})
        return found.assign(终止=self.courses(self.moves)["ended_date"].reindex(found.index))

    def courses(self, moves: pd.DataFrame) -> pd.DataFrame:
        """Walk each lead's counted moves: where it is, since when, whether it ended, and how far it ever came."""
        counted = moves[moves["has_evidence"]]
        counted = counted.assign(place=counted["stage"].map(self.stages).fillna(99).astype(int))
        names, signed = {order: stage for stage, order in self.stages.items()}, self.stages["签约"]
        rows = []
        for lead, own in counted.sort_values(["moved_date", "place"]).groupby("lead_id"):
            place, since, ended, far = 1, pd.NaT, pd.NaT, 1
            for day, here in zip(own["moved_date"], own["place"], strict=True):
                if here == 99:
                    ended = ended if pd.notna(ended) else day
                    continue
                if pd.notna(ended) or (here < signed and here != place) or here > place or pd.isna(since):
                    place, since = here, day
                ended, far = pd.NaT, max(far, here)
            rows.append((lead, names[place], place, since, ended, far))
        columns = ["lead_id", "stage", "stage_order", "stage_date", "ended_date", "furthest_order"]
        found = pd.DataFrame(rows, columns=columns).set_index("lead_id")
        return found.assign(**{c: pd.to_datetime(found[c]) for c in ("stage_date", "ended_date")})

    @cached_property
    def follow_ups(self) -> pd.DataFrame:
        table = self.read("follow_ups")
        table = table[table["lead_id"].isin(self.leads.index)]
        table = table[table[["follow_up_date", "recorded_date"]].max(axis=1) <= self.as_of].copy()
        # Nobody's phone is kept.
        table["content"] = table["content"].str.replace(r"(?<!\d)(1\d\d)\d{4}(\d{4})(?!\d)", r"\1****\2", regex=True)
        table["unit_name"] = table["unit_name"].map(self.spellings)
        return table

    @cached_property
    def trips(self) -> pd.DataFrame:
        table = self.read("trips_events")
        table["unit_name"] = table["unit_name"].map(self.spellings)
        return table[table["unit_name"].notna()]

    @cached_property
    def state(self) -> pd.DataFrame:
        """One row a lead: how far it came, since when, whether it goes on."""
        reached, leads = self.reached, self.leads
        found = leads.copy()
        courses = self.courses(self.moves).reindex(found.index)
        found["stage"], found["stage_order"] = (
            courses["stage"].fillna("线索"),
            courses["stage_order"].fillna(1).astype(int),
        )
        found["furthest_order"] = courses["furthest_order"].fillna(1).astype(int)
        found["stage_date"] = courses["stage_date"].fillna(leads["reported_date"])
        for name, stage in [("signed", "签约"), ("started", "开工"), ("operation", "投产"), ("completed", "竣工")]:
            found[f"{name}_date"] = reached[stage]
            day = pd.Series(reached[stage].to_numpy(), index=pd.Index(leads.index))
            found[f"{name}_unit_name"] = self.answering(leads.index.to_series(), day).where(day.notna())
        found["is_ended"] = courses["ended_date"].notna()
        found["is_in_follow_up"] = ~found["is_ended"] & (found["stage_order"] >= self.stages["签约"])
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
    def signings(self) -> pd.DataFrame:
        return self.grouped(self.moves[self.moves["has_evidence"]])

    def grouped(self, moves: pd.DataFrame) -> pd.DataFrame:
        """Every signing among moves, grouped with what it repeats: no more than the months of the rule after the one before."""
        months = int(self.limit("repeat_months"))
        ordered = moves.assign(place=moves["stage"].map(self.stages)).sort_values(["moved_date", "place"])
        ordered = ordered[ordered["place"] >= self.stages["签约"]]
        # The day on which it was reached, and every signing after that.
        signed = ordered[(ordered["stage"] == "签约") | ~ordered.duplicated("lead_id")]
        table = signed[["lead_id", "moved_date", "unit_name"]].rename(columns={"moved_date": "signed_date"})
        name = self.leads["project_name"].str.replace(r"(项目|工程|[一二三四五六七八九十\d]+期)", "", regex=True)
        firm = (
            self.leads["enterprise_name"]
            .str.replace(r"[\s]", "", regex=True)
            .str.translate(str.maketrans("（）", "()"))
        )
        table = table.assign(project_form=table["lead_id"].map(name), firm=table["lead_id"].map(firm))
        found, seen = [], set()
        for _, rows in table.sort_values(["signed_date", "lead_id"]).groupby(["firm", "project_form"]):
            before, group, first = None, 0, None
            for row in rows.to_dict("records"):
                starts = before is None or row["signed_date"] > before["signed_date"] + pd.DateOffset(months=months)
                if starts:
                    group, first = group + 1, row["lead_id"]
                # A project counts once, however often it signs.
                counts = starts and row["lead_id"] not in seen
                seen.add(row["lead_id"])
                found.append(
                    row
                    | {"group_no": group, "counted_lead_id": first, "starts": starts, "is_counted": counts}
                    | {
                        "previous_lead_id": before and before["lead_id"],
                        "previous_date": before and before["signed_date"],
                    }
                )
                before = row
        return pd.DataFrame(found)

    @cached_property
    def counted_signings(self) -> set[str]:
        """Signings that repeat no other."""
        return set(self.signings.loc[self.signings["is_counted"], "lead_id"])


def share(part: pd.Series, whole: pd.Series) -> pd.Series:
    """Percent with two places; nothing where there is nothing to divide by."""
    return (
        (100 * part / whole.where(whole != 0)).astype(float).map(lambda x: np.nan if pd.isna(x) else round(x + 1e-9, 2))
    )
