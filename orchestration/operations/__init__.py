"""Running the platform as a service (运维): the doctor, backups, the units of the system, the guard of the UI, alarms.

Belongs here: what an administrator does, or the system does for one. Does not belong here: the night itself (nightly.py),
anything that computes a list, pages.
"""
