"""Workbooks that go out, are filled in with Excel or WPS, and come back (回填表).

Belongs here: their columns (columns.py), writing (writing.py), finding the seal (seal.py), reading back (reading.py). Does not belong here: opening a
file that anybody may have sent (the opener is given to the desk), recording an answer (desk/actions.py), ledgers (intake).
"""
