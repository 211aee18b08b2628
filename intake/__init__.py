"""Files in, typed rows and refusals out (数据接入).

Belongs here: contracts of ledgers, the workbook reader, cell parsers, bulk registers, the append-only landing store,
and the fictional district. Does not belong: Dagster, SQL models, statistics.
"""
