"""The default Word template of the quarterly bulletin (季通报模板), on the page of GB/T 9704.

A4, 37/35/28/26 mm margins, 28.95 pt lines: 22 lines of 28 characters of 仿宋 三号 (16 pt). python-docx sets no East Asian font,
so each style names its own. The office edits the written file; this module is only where the first one comes from.

Belongs here: page, styles, places of tables. Does not belong here: what is written there (bulletin.py).
"""

from __future__ import annotations

import datetime as dt
from functools import partial
from pathlib import Path
from typing import Any, Final

from storage import pin_zip, write_whole

FONTS: Final = {
    "Normal": ("仿宋_GB2312", 16, False),
    "Title": ("方正小标宋简体", 22, False),
    "Heading 1": ("黑体", 16, False),
    "Heading 2": ("楷体_GB2312", 16, False),
    "Caption": ("楷体_GB2312", 14, False),
    "表格文字": ("仿宋_GB2312", 10.5, False),
    "插图": ("仿宋_GB2312", 10.5, False),
}
LINE_POINTS: Final = 28.95
STANDING_COLUMNS: Final = (
    "名次",
    "单位",
    "年初至季末开工",
    "全年任务",
    "完成率",
    "本季新增线索",
    "本季签约",
    "本季开工",
)
TOTAL_COLUMNS: Final = ("指标", "本季", "上季", "去年同季", "年初至季末", "全年任务", "完成率")
COHORT_COLUMNS: Final = ("签约季度", "签约数", "3个月内开工", "6个月内开工", "12个月内开工")


def new_document() -> Any:
    """Give an empty document on the page of GB/T 9704 with every style named."""
    from docx import Document
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Mm, Pt, RGBColor

    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    document.core_properties.author = "择优"
    for name in ("created", "modified"):
        setattr(document.core_properties, name, dt.datetime(2000, 1, 1))
    for name in ("表格文字", "插图"):
        document.styles.add_style(name, 1)
    for name, (font, size, bold) in FONTS.items():
        style = document.styles[name]
        style.font.size, style.font.bold, style.font.italic = Pt(size), bold, False
        style.font.color.rgb = RGBColor(0, 0, 0)
        _name_fonts(style, font)
        spacing = style.paragraph_format
        spacing.space_before = spacing.space_after = Pt(0)
        spacing.line_spacing = Pt(LINE_POINTS if name != "表格文字" else 18)
    picture = document.styles["插图"].paragraph_format
    picture.space_before, picture.keep_with_next = Pt(6), True
    picture.alignment, picture.line_spacing = WD_ALIGN_PARAGRAPH.CENTER, 1.0  # a fixed line would cut the picture off
    title = document.styles["Title"].paragraph_format
    title.alignment, title.space_after, title.line_spacing = WD_ALIGN_PARAGRAPH.CENTER, Pt(LINE_POINTS), Pt(33)
    for name in ("Caption", "Heading 1", "Heading 2"):
        document.styles[name].paragraph_format.keep_with_next = True
    _without_border(document.styles["Title"])
    document.styles["Caption"].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    return document


def add_text(document: Any, words: str, style: str = "Normal", indent: bool = True) -> Any:
    """Add a paragraph; those of the body begin two characters in."""
    from docx.shared import Pt

    paragraph = document.add_paragraph(words, style)
    if indent:
        paragraph.paragraph_format.first_line_indent = Pt(2 * 16)
    return paragraph


def add_picture(document: Any, mark: str, caption: str) -> None:
    """Add a place for a picture with its caption below; where nothing is drawn, nothing stands."""
    add_text(document, f"{{%p if {mark} %}}", indent=False)
    add_text(document, f"{{{{ {mark} }}}}", "插图", indent=False)
    add_text(document, caption, "Caption", indent=False)
    add_text(document, "{%p endif %}", indent=False)


def save_template(document: Any, path: Path) -> None:
    """Number the pages and write the template, the same bytes each time."""
    _page_number(document.sections[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda unfinished: document.save(str(unfinished)))
    pin_zip(path)


def write_default_template(path: Path) -> None:
    """Write the template with docxtpl's marks, styles named, nothing but what Word can edit."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    document = new_document()
    text = partial(add_text, document)
    text("{{ title }}", "Title", indent=False)
    text("{%p if label %}", indent=False)
    text("{{ label }}", "Caption", indent=False)
    text("{%p endif %}", indent=False)
    text("一、总体情况", "Heading 1")
    text("{{ summary }}")
    text("表1  全区主要指标（个）", "Caption", indent=False)
    add_table(document, TOTAL_COLUMNS, "totals", (34, 18, 18, 22, 24, 20, 20))
    add_picture(document, "trend", "图1  近12个月新签约、新开工项目数（个）")
    text("二、各单位开工任务完成情况", "Heading 1")
    text("{%p for group in standings %}", indent=False)
    text("{{ group.kind }}（同类单位内排名）", "Heading 2")
    add_table(document, STANDING_COLUMNS, "group.rows", (12, 46, 20, 17, 17, 18, 13, 13))
    text("{%p endfor %}", indent=False)
    text("三、签约转开工情况", "Heading 1")
    text("表2  按签约季度分组的开工情况（个）", "Caption", indent=False)
    add_table(document, COHORT_COLUMNS, "cohorts", (30, 20, 35, 35, 35))
    add_picture(document, "cohorts_drawn", "图2  签约批次转开工（灰格未满观察期）")
    text("四、工作动态", "Heading 1")
    text("{{ silent }}")
    text("五、口径说明", "Heading 1")
    text("{%p for note in notes %}", indent=False)
    text("{{ loop.index }}．{{ note }}")
    text("{%p endfor %}", indent=False)
    text("{{ day }}", indent=False).alignment = WD_ALIGN_PARAGRAPH.RIGHT
    save_template(document, path)


def _name_fonts(style: Any, east_asian: str) -> None:
    from docx.oxml.ns import qn

    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for attribute in list(fonts.attrib):
        del fonts.attrib[attribute]
    for kind, font in (("ascii", "Times New Roman"), ("hAnsi", "Times New Roman"), ("eastAsia", east_asian)):
        fonts.set(qn(f"w:{kind}"), font)


def _without_border(style: Any) -> None:
    from docx.oxml.ns import qn

    for border in style.element.findall(f".//{qn('w:pBdr')}"):
        border.getparent().remove(border)


def add_table(document: Any, titles: tuple[str, ...], rows: str, widths: tuple[int, ...]) -> None:
    """Add a table whose body repeats for each of `rows`: docxtpl drops the two rows that hold only its marks."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Mm

    table = document.add_table(rows=4, cols=len(titles), style="Table Grid")
    table.autofit = False
    for x, width in enumerate(widths):
        table.columns[x].width = Mm(width)
    table.rows[1].cells[0].text = f"{{%tr for row in {rows} %}}"
    table.rows[3].cells[0].text = "{%tr endfor %}"
    for x, (title, width) in enumerate(zip(titles, widths, strict=True)):
        table.rows[0].cells[x].text = title
        table.rows[2].cells[x].text = f"{{{{ row['{title}'] }}}}"
        for row in table.rows:
            row.cells[x].width = Mm(width)
            for paragraph in row.cells[x].paragraphs:
                paragraph.style = "表格文字"
                paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    # The head stands on every page; no row is torn between two.
    for row, mark in [(table.rows[0], "w:tblHeader"), *((row, "w:cantSplit") for row in table.rows)]:
        element = OxmlElement(mark)
        element.set(qn("w:val"), "true")
        row._tr.get_or_add_trPr().append(element)


def _page_number(section: Any) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    paragraph = section.footer.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for kind, content in (("begin", None), (None, "PAGE"), ("end", None)):
        run = paragraph.add_run()
        if kind:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
        else:
            mark = OxmlElement("w:instrText")
            mark.text = str(content)
        run._r.append(mark)
