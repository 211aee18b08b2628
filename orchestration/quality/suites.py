"""What the guarded tables must hold (关卡内容). Each suite is a function of Great Expectations' expectation classes.

Belongs here: columns, types as formats, row-count bands, ranges and coverage. Does not belong here: running (validation.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

REQUIRED = ("leads",)  # ledgers without which there is no list
USCC_FORM = r"^[0-9A-HJ-NP-RTUWXY]{18}$"


def _required(columns: tuple[str, ...], rows_at_least: int = 1) -> Callable[[Any], list[Any]]:
    def suite(gxe: Any) -> list[Any]:
        return [
            gxe.ExpectTableRowCountToBeBetween(min_value=rows_at_least),
            *(gxe.ExpectColumnValuesToNotBeNull(column=column) for column in columns),
        ]

    return suite


units = _required(("unit_name", "unit_type", "source_file", "source_row"), rows_at_least=0)
follow_ups = _required(("lead_id", "follow_up_date", "method", "source_file", "source_row"), rows_at_least=0)
stage_moves = _required(("lead_id", "stage", "moved_date", "source_file", "source_row"), rows_at_least=0)


def leads(gxe: Any) -> list[Any]:
    """Landed leads: keys, sane money, well-formed codes, nothing personal."""
    required = ("lead_id", "enterprise_name", "source_file", "source_row")
    return [
        *_required(required)(gxe),
        gxe.ExpectColumnValuesToBeBetween(column="investment_wan_cny", min_value=0, max_value=1e8),
        gxe.ExpectColumnValuesToMatchRegex(column="uscc", regex=USCC_FORM),
        gxe.ExpectColumnValuesToBeBetween(column="land_mu", min_value=0, max_value=1e5),
    ]


def register_summary(gxe: Any) -> list[Any]:
    """The register by province (one row each): bulk rules are dbt tests, this guards what comes in as a whole."""
    return [
        gxe.ExpectTableRowCountToBeBetween(max_value=200),
        gxe.ExpectColumnValuesToBeBetween(column="row_count", min_value=1),
        gxe.ExpectColumnValuesToBeBetween(column="named_share", min_value=1.0),
        gxe.ExpectColumnValuesToBeBetween(column="coded_share", min_value=0.5),
    ]


def ranked_by_model(gxe: Any) -> list[Any]:
    """The list as a model ranks it: one that says the same of everybody ranks nobody."""
    return [*ranked_leads(gxe), gxe.ExpectColumnUniqueValueCountToBeBetween(column="landing_probability", min_value=2)]


def ranked_leads(gxe: Any) -> list[Any]:
    """The ranked list: ranges, one rank a lead, every score explained, excluded rows with a reason."""
    return [
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.ExpectColumnValuesToBeUnique(column="lead_id"),
        gxe.ExpectColumnValuesToBeUnique(column="rank"),
        *(
            gxe.ExpectColumnValuesToNotBeNull(column=column)
            for column in ("lead_id", "project_name", "unit_name", "stage", "as_of_date", "landing_kind", "tax_kind")
        ),
        gxe.ExpectColumnValuesToBeBetween(column="score", min_value=0, max_value=100),
        gxe.ExpectColumnValuesToBeBetween(column="landing_probability", min_value=0, max_value=1),
        gxe.ExpectColumnValuesToBeBetween(column="chain_fit", min_value=0, max_value=100),
        gxe.ExpectColumnValuesToBeBetween(column="tax_wan_cny", min_value=0),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="tax_high_wan_cny",
            column_B="tax_low_wan_cny",
            or_equal=True,
            ignore_row_if="either_value_is_missing",
        ),
        gxe.ExpectColumnValuesToBeInSet(column="landing_kind", value_set=["model", "rule"]),
        gxe.ExpectColumnValuesToBeInSet(column="is_ranked_or_excluded", value_set=[True]),
        gxe.ExpectColumnValuesToBeBetween(column="reason_count", min_value=1, mostly=0.99),
    ]
