"""The published figures once more, in pandas, from what the sample's people wrote down.

Belongs here: rules of docs/capabilities.md and of the boards' 口径, one function a board. Does not belong: SQL, models of dbt,
tables of the warehouse: what is compared can't be where it is taken from.
"""
