"""Wiring of the platform under Dagster (编排): definitions, resources, settings, gates, and the nightly run.

Belongs here: which function runs when, with which inputs, guarded by which check. An asset body is glue: read, call one
function, return rows and metadata. Does not belong here: reading a cell (intake), SQL (dbt_project), statistics
(models), what people touch (desk).
"""

import warnings

# Backfill policies, freshness and pools are what this needs; that Dagster may still change them is pinned away.
# By its words, not its class: the class would load Dagster before the command line can answer --help.
warnings.filterwarnings("ignore", message=".*is currently in beta, and may have breaking changes")
