"""Statistics of the platform: additive estimators, landing, tax, chain fit, ranking and their validation.

Belongs here: plain scikit-learn style code over data frames, its settings and its model cards.
Does not belong here: Dagster, DuckDB, dbt, Great Expectations, reading or writing the warehouse. SQL models live in
``dbt_project/models``; they only share the word.
"""
