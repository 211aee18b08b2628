"""Files in, Parquet out (接入)."""
