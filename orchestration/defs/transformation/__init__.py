"""SQL models by dbt (加工)."""
