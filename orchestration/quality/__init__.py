"""Gates on data (数据关卡): Great Expectations suites over the few tables that matter.

Belongs here: what a table must hold before the next stage may start, and running it on a pandas batch. Does not belong
here: keys and relationships of SQL models (dbt tests), whether a row can be read (intake), skill of a model (models).
"""

from orchestration.quality.validation import SuiteResult, validate

__all__ = ["SuiteResult", "validate"]
