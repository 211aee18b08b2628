"""What people touch (办公桌): the published snapshot and the workbook of the list; later the page, bulletins, charts.

Belongs here: forms for people, the format of what is published. Does not belong here: Dagster, statistics, SQL, files
that offices send in (intake).
"""
