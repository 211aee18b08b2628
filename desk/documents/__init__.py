"""Documents that leaders hold in their hands (领导手中的材料): the quarterly bulletin and the wall chart.

Belongs here: figures gathered from published marts, their 口径, and how Word, Excel and PDF look. Does not belong here: what a
signing or a start is (dbt), when a document is made (orchestration).
"""

from desk.documents.bulletin import BulletinFigures, Quarter, quarter_figures, write_bulletin
from desk.documents.wall_chart import chart_projects, write_wall_chart

__all__ = [
    "BulletinFigures",
    "Quarter",
    "chart_projects",
    "quarter_figures",
    "write_bulletin",
    "write_wall_chart",
]
