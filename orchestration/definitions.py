"""Definitions of the platform (定义): what Dagster loads.

Belongs here: putting assets, checks, jobs, schedules, sensors and resources together. Does not belong here: any of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from orchestration.defs.automation.jobs import monthly, nightly, quarterly, rescoring, retraining, revert_model
from orchestration.defs.automation.schedules import schedules_for
from orchestration.defs.automation.sensors import inbox_changed, rescore_after_revert
from orchestration.defs.ingestion import assets as ingestion
from orchestration.defs.ingestion import checks as ingestion_checks
from orchestration.defs.learning import assets as learning
from orchestration.defs.learning import checks as learning_checks
from orchestration.defs.publication import assets as publication
from orchestration.defs.publication import checks as publication_checks
from orchestration.defs.scoring import assets as scoring
from orchestration.defs.scoring import checks as scoring_checks
from orchestration.defs.transformation.assets import sql_assets
from orchestration.resources import parsed_project, resources_for
from orchestration.settings import Service, Settings


def build_defs(
    settings: Settings,
    resource_overrides: Mapping[str, Any] | None = None,
    loggers: Mapping[str, dg.LoggerDefinition] | None = None,
    are_schedules_on: bool = False,
) -> dg.Definitions:
    """Build fresh definitions for an installation; tests override resources or settings."""
    project = parsed_project(settings)
    return dg.Definitions(
        assets=[
            *(
                ingestion.office_settings,
                ingestion.ledgers,
                ingestion.register,
                ingestion.lead_identities,
                ingestion.chain_tables,
            ),
            ingestion.law_findings,
            *sql_assets(project),
            *(learning.landing_candidate, learning.tax_candidate, learning.active_models),
            *(scoring.ranked_leads, scoring.lead_ownership, scoring.assessment, scoring.lead_assignment),
            *(scoring.said_and_came_true, scoring.list_changes),
            *(publication.snapshot, publication.archive),
            *(publication.wall_chart, publication.quarterly_bulletin),
            *(publication.dispatch_pack, publication.frozen_assessment),
        ],
        asset_checks=[
            *ingestion_checks.suite_checks,
            *(ingestion_checks.every_row_is_accounted_for, ingestion_checks.every_file_could_be_read),
            ingestion_checks.every_amount_column_is_read,
            *(ingestion_checks.register_is_sane, ingestion_checks.register_could_be_used),
            *learning_checks.model_gates,
            *learning_checks.drift_checks,
            *(
                scoring_checks.suite_holds,
                scoring_checks.reasons_add_up_to_the_score,
                scoring_checks.no_lead_is_missing,
            ),
            publication_checks.current_snapshot_is_whole,
        ],
        jobs=[nightly, retraining, rescoring, revert_model, quarterly, monthly],
        schedules=schedules_for(are_schedules_on),
        sensors=[inbox_changed, rescore_after_revert],
        resources={**resources_for(settings, project), **(resource_overrides or {})},
        loggers=dict(loggers) if loggers else None,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Give the definitions of the installation that the environment names; built when Dagster asks, not at import."""
    return build_defs(Settings.from_environment(), are_schedules_on=Service.from_environment().is_installed)
