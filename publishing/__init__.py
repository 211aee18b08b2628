"""What is published (发布): the tested snapshot, its boards, the workbook, charts and documents.

Belongs here: writing and reading published files, what they look like. Does not belong here: web pages and people (desk),
how a figure is computed (dbt_project), when something is published (orchestration).
"""
