"""Documents that leaders hold in their hands (领导手中的材料): the quarterly bulletin, the monthly dispatch pack,
the wall chart, and frozen copies of what was given out.

Belongs here: figures gathered from published marts, their 口径, and how Word, Excel and PDF look. Does not belong here: what a
signing or a start is (dbt), when a document is made (orchestration).
"""

from publishing.documents.bulletin import BulletinFigures, Quarter, quarter_figures, write_bulletin
from publishing.documents.dispatch import DispatchFigures, PackRefused, dispatch_figures, write_dispatch_pack
from publishing.documents.frozen import Correction, Frozen, freeze, versions
from publishing.documents.project_pages import project_pages, write_project_pages
from publishing.documents.wall_chart import chart_content, write_wall_chart
from publishing.periods import Month

__all__ = [
    "BulletinFigures",
    "Correction",
    "DispatchFigures",
    "Frozen",
    "Month",
    "PackRefused",
    "Quarter",
    "chart_content",
    "dispatch_figures",
    "freeze",
    "project_pages",
    "quarter_figures",
    "versions",
    "write_bulletin",
    "write_dispatch_pack",
    "write_project_pages",
    "write_wall_chart",
]
