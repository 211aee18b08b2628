"""The office's folder (办公室设置): everything that an office edits, checked, and the defaults that come with the program.

Belongs here: which files there are, what a row of each table means, reading and checking them, writing the folder once,
the workbook 规则.xlsx. Does not belong here: what a rule does (the room that applies it), the fictional district (sample).

`$ZEYOU_HOME/office` is data of the installation. A night checks it, lands a copy, and every room reads that copy.
"""

from office.district import DISTRICT, District, read_district
from office.folder import DEFAULTS, cached, folder_in_use, settings_file, use, using
from office.problems import OfficeError, Problem

__all__ = [
    "DEFAULTS",
    "DISTRICT",
    "District",
    "OfficeError",
    "Problem",
    "cached",
    "settings_file",
    "folder_in_use",
    "read_district",
    "use",
    "using",
]
