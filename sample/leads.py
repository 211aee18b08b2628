"""Leads as they really are (线索真值): who reports which enterprise when, for how much, and how warm it is.

Belongs here: covariates of a lead, drawn before anything happens to it. Does not belong: what happens (process.py),
how an office writes it down (ledgers.py).
"""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from intake.values import exchange_rates
from sample import district
from sample.enterprises import TYPES, Enterprises
from sample.industries import INDUSTRIES, Industry, lead_shares

Floats = npt.NDArray[np.float64]

HISTORY_DAYS: Final = 1277  # three and a half years
IN_REGISTER_SHARE: Final = 0.75
CODE_WRITTEN_SHARE: Final = 0.62
SAME_FIRM_SHARE: Final = 0.03
MONTH_ONLY_SHARE: Final = 0.07
STRANGE_UNIT_LEADS: Final = 6
# share of leads, added to the log-odds of landing
SOURCES: Final = {
    "以商招商": (0.20, 0.60),
    "外出招商": (0.22, 0.15),
    "驻点招商": (0.12, 0.05),
    "委托招商": (0.10, -0.45),
    "展会活动": (0.14, -0.65),
    "乡友商会": (0.08, 0.30),
    "上门自荐": (0.08, 0.35),
    "上级推送": (0.06, -0.25),
}


@dataclass
class Lead:
    """One lead. Money in 万元, land in 亩; `usd_wan` is set where the investor speaks of dollars."""

    lead_id: str
    enterprise: int
    enterprise_name: str
    written_name: str
    uscc: str
    is_code_written: bool
    unit: int
    unit_name: str
    reported: dt.date
    is_month_only: bool
    project_name: str
    industry: Industry
    industry_code: str
    product_text: str
    source: str
    is_foreign: bool
    origin: str | None
    investment: float | None
    usd_wan: float | None
    fixed: float | None
    land: float | None
    output: float | None
    promised: float | None
    yearly_tax: float
    warmth: float
    covariates: float
    same_firm_as: str | None = None
    refused_kind: str | None = None
    landing_hazard: float = 0.0
    events: dict[str, dt.date] = field(default_factory=dict)
    # Set by details.py, from a stream of its own: what was drawn before stays as it was.
    energy: float | None = None
    is_expansion: bool = False
    is_inflated: bool = False  # what was signed is many times what is filed and built
    recruiter_no: str | None = None
    event_id: str | None = None
    details: dict[str, str | float | dt.date | None] = field(default_factory=dict)  # the other columns, by field


def draw_leads(enterprises: Enterprises, count: int, as_of: dt.date, rng: np.random.Generator) -> list[Lead]:
    """Draw `count` leads, by the day of report; the last few are firms that a second unit reports again."""
    again = round(count * SAME_FIRM_SHARE)
    start = as_of - dt.timedelta(days=HISTORY_DAYS)
    firms = _choose_firms(enterprises, count - again, start, rng)
    # A little more each year: offices report more as the district pushes.
    offsets = (HISTORY_DAYS * rng.random(len(firms)) ** 0.9).astype(int)
    weights = np.array([u.weight for u in district.UNITS])
    units = rng.choice(len(weights), len(firms), p=weights / weights.sum())
    first = min(len(weights), len(firms))
    units[:first] = np.arange(first)  # every unit has a lead, however small the sample
    leads = [
        _draw_lead(enterprises, int(firm), int(unit), start + dt.timedelta(days=int(offset)), as_of, rng)
        for firm, unit, offset in zip(firms, units, offsets, strict=True)
    ]
    early = [lead for lead in leads if (as_of - lead.reported).days > 200]
    for place in rng.permutation(len(early))[:again]:
        leads.append(_report_again(early[place], as_of, rng))
    leads.sort(key=lambda lead: (lead.reported, lead.enterprise, lead.unit))
    for number, lead in enumerate(leads, start=1):
        lead.lead_id = f"YC{lead.reported.year}-{number:05d}"
    by_firm: dict[int, str] = {}
    for lead in leads:
        if lead.enterprise in by_firm:
            lead.same_firm_as = by_firm[lead.enterprise]
        by_firm.setdefault(lead.enterprise, lead.lead_id)
    bureau = [lead for lead in leads if district.UNITS[lead.unit].kind == "招商组"]
    for number, place in enumerate(rng.permutation(len(bureau))[:STRANGE_UNIT_LEADS]):
        bureau[place].unit_name = district.STRANGE_UNITS[number % len(district.STRANGE_UNITS)]
    return leads


def _choose_firms(
    enterprises: Enterprises, count: int, start: dt.date, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    register = enterprises.in_register
    old = enterprises.established[:register] < np.datetime64(start, "D")  # no firm is met before it exists
    sound = np.flatnonzero((enterprises.broken[:register] < 0) & (enterprises.status[:register] < 2) & old)
    known = min(round(count * IN_REGISTER_SHARE), len(sound) // 2)
    industry = enterprises.industry[sound]
    share = lead_shares()[industry] / np.maximum(np.bincount(industry, minlength=len(INDUSTRIES)), 1)[industry]
    chosen = rng.choice(sound, known, replace=False, p=share / share.sum())
    beyond = np.arange(register, register + count - known)
    return np.asarray(rng.permutation(np.concatenate([chosen, beyond])), dtype=np.int64)


def month_end(day: dt.date) -> dt.date:
    """Return the last day of the day's month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def _two_digits(value: float) -> float:
    """Round to two significant digits, as projects are spoken of: 3,700 万, 1.2 亿."""
    step = 10.0 ** (np.floor(np.log10(value)) - 1)
    return float(max(round(value / step) * step, 10.0))


def _draw_lead(
    enterprises: Enterprises, firm: int, unit: int, reported: dt.date, as_of: dt.date, rng: np.random.Generator
) -> Lead:
    industry = INDUSTRIES[int(enterprises.industry[firm])]
    is_month_only = bool(rng.random() < MONTH_ONLY_SHARE) and month_end(reported) < as_of
    city = district.CITIES[int(enterprises.city[firm])]
    is_making = industry.section in "CD"
    is_foreign = TYPES[int(enterprises.kind[firm])].startswith("外商") or bool(rng.random() < 0.04)
    investment = _two_digits(float(np.exp(rng.normal(9.1 if is_making else 8.0, 1.0))))
    usd_wan = None
    if is_foreign and rng.random() < 0.6:
        usd_wan = _two_digits(investment / 7.0)
        investment = round(usd_wan * exchange_rates()["USD"], 6)
    fixed = round(investment * rng.uniform(0.5, 0.88), -1) if is_making else None
    land = round(investment / rng.uniform(220, 420), 0) if is_making and rng.random() < 0.72 else None
    if land is not None and land < 8:
        land = None  # too small for a plot: rents a workshop
    output = round(investment * float(np.exp(rng.normal(0.25, 0.35))), -1) or 10.0
    yearly_tax = investment * industry.tax_rate * float(np.exp(rng.normal(0.0, 0.45)))
    promised = round(yearly_tax * float(np.exp(rng.normal(0.45, 0.35))), 1)  # promises are optimistic: e^0.45 = 1.6
    source = str(rng.choice(list(SOURCES), p=[share for share, _ in SOURCES.values()]))
    count = min(len(industry.products), int(rng.integers(1, 4)))
    products = [industry.products[i] for i in rng.choice(len(industry.products), count, replace=False)]
    in_register = firm < enterprises.in_register
    name = enterprises.name[firm].as_py()
    code = enterprises.industry_code[firm].as_py()
    size = (np.log(investment) - 8.9) / 1.0
    covariates = (
        industry.pull + SOURCES[source][1] - 0.15 * size + (0.12 if in_register else -0.12) - (0.1 if is_foreign else 0)
    )
    verb = "生产" if is_making else "" if products[-1].endswith("服务") else "服务"
    return Lead(
        lead_id="",
        enterprise=firm,
        enterprise_name=name,
        written_name=_respell(name, rng) if rng.random() < 0.2 else name,
        uscc=enterprises.uscc[firm].as_py(),
        is_code_written=bool(rng.random() < CODE_WRITTEN_SHARE),
        unit=unit,
        unit_name=district.UNITS[unit].name,
        reported=month_end(reported) if is_month_only else reported,
        is_month_only=is_month_only,
        project_name=f"{enterprises.brand[firm].as_py()}{products[0]}{'生产基地' if is_making else '运营中心'}项目",
        industry=industry,
        industry_code=code if code is not None else industry.codes[0],
        product_text=f"{'、'.join(products)}{verb}" + ("，分两期建设" if rng.random() < 0.2 else ""),
        source=source,
        is_foreign=is_foreign,
        origin=f"{city.province}{city.name}" if city.province != city.name else city.name,
        investment=investment if rng.random() < 0.97 else None,
        usd_wan=usd_wan,
        fixed=fixed if fixed and rng.random() < 0.85 else None,
        land=land,
        output=output if rng.random() < 0.85 else None,
        promised=promised if rng.random() < 0.85 else None,
        yearly_tax=yearly_tax,
        warmth=float(rng.normal()),
        covariates=float(covariates),
    )


def _respell(name: str, rng: np.random.Generator) -> str:
    """Write a firm's name as another office would: other brackets, 有限责任公司 for 有限公司, a blank."""
    if "（" in name and rng.random() < 0.8:
        return name.replace("（", "(").replace("）", ")")
    if name.endswith("有限公司") and not name.endswith("股份有限公司") and rng.random() < 0.5:
        return name.removesuffix("有限公司") + "有限责任公司"
    return f"{name[:2]} {name[2:]}"


def _report_again(lead: Lead, as_of: dt.date, rng: np.random.Generator) -> Lead:
    """Report the same firm from another unit, later, spelled differently, mostly without its code."""
    later = lead.reported + dt.timedelta(days=int(rng.integers(10, 150)))
    others = [i for i in range(len(district.UNITS)) if i != lead.unit]
    unit = int(rng.choice(others))
    copy = Lead(
        **{name: getattr(lead, name) for name in Lead.__dataclass_fields__ if name not in {"events", "details"}}
    )
    copy.unit, copy.unit_name = unit, district.UNITS[unit].name
    copy.reported, copy.is_month_only = min(later, as_of), False
    copy.written_name = _respell(lead.enterprise_name, rng)
    copy.is_code_written = bool(rng.random() < 0.15)
    copy.source = str(rng.choice(list(SOURCES), p=[share for share, _ in SOURCES.values()]))
    copy.warmth = float(0.7 * lead.warmth + 0.7 * rng.normal())
    return copy
