"""Layouts once learned (台账版式): which column of somebody's own form is which of ours, as a person confirmed it.

Belongs here: the confirmed layouts of the office's folder, proposals for a form that nobody has confirmed, keys of ledgers that
have only 序号, forms that wait for an answer, blank forms filled from our columns. Does not belong here: reading rows
(workbook.py), pages and prompts (desk, commands.py).
"""
