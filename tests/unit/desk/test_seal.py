"""The seal is found in what any program saves, and in a hostile file little is read before it is refused."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desk.forms import seal
from desk.forms.columns import Unsealed

BOOK = '<workbook xmlns="m" xmlns:r="r"><sheets><sheet name="名单" r:id="rId2"/><sheet name="_meta" r:id="rId1"/></sheets></workbook>'
LINKS = (
    '<Relationships xmlns="x"><Relationship Id="rId1" Target="worksheets/sheet2.xml" Type="t/worksheet"/>'
    '<Relationship Id="rId2" Target="worksheets/sheet1.xml" Type="t/worksheet"/>'
    '<Relationship Id="rId3" Target="sharedStrings.xml" Type="t/sharedStrings"/></Relationships>'
)
META = (
    '<worksheet xmlns="m"><sheetData><row r="1"><c r="A1" t="s"><v>2</v></c><c r="B1"><v>7</v></c></row>'
    '<row r="2"><c r="A2" t="s"><v>1</v></c></row></sheetData></worksheet>'
)
TEXTS = '<sst xmlns="m"><si><t>甲</t></si><si><t>seal</t></si><si><r><t>te</t></r><r><rPr/><t>xt</t></r></si></sst>'
PARTS = {
    "xl/workbook.xml": BOOK, "xl/_rels/workbook.xml.rels": LINKS, "xl/worksheets/sheet1.xml": "<nonsense",
    "xl/worksheets/sheet2.xml": META, "xl/sharedStrings.xml": TEXTS,
}  # fmt: skip


def written(folder: Path, changed: Mapping[str, str | bytes] = MappingProxyType({})) -> Path:
    """Write a workbook; parts are changed by the last part of their name."""
    path = folder / "回填.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in PARTS.items():
            archive.writestr(name, changed.get(name.rpartition("/")[2], content))
    return path


def prefixed(content: str) -> str:
    return (
        content.replace("</", "</x:").replace("<", "<x:").replace("<x:/x:", "</x:").replace('xmlns="m"', 'xmlns:x="m"')
    )


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"workbook.xml": prefixed(BOOK), "sheet2.xml": prefixed(META), "sharedStrings.xml": prefixed(TEXTS)},
        {"workbook.xml.rels": LINKS.replace("worksheets/sheet2", "/xl/worksheets/sheet2")},
        {"sheet2.xml": '<worksheet xmlns="m"><row><c t="inlineStr"><is><t>text</t></is></c><c><v>1</v></c></row><row><c t="str"><v>seal</v></c></row></worksheet>'},
    ],
)  # fmt: skip
def test_the_seal_is_found_as_any_program_saves_it(tmp_path: Path, changed: dict[str, str]) -> None:
    assert seal.sealed_texts(written(tmp_path, changed)) == ["text", "seal"]


LARGE, ELEMENTS = 3 * 2**20, 200_000
HOSTILE: dict[str, bytes] = {
    "attribute": b'<sst a="' + b"x" * LARGE, "comment": b"<sst><!--" + b"x" * LARGE, "name": b"<" + b"x" * LARGE,
    "instruction": b"<sst><?a " + b"x" * LARGE, "end": b"<sst></sst" + b" " * LARGE,
    "elements": b"<sst>" + b"<a/>" * (3 * ELEMENTS), "deep": b"<a>" * (3 * ELEMENTS),
    "entities": b'<!DOCTYPE a [<!ENTITY b "c">]><sst><si><t>&b;</t></si></sst>' + b" " * LARGE,
    "text": b"<sst><si><t>" + b"x" * (seal.MOST_TEXTS + LARGE), "broken": b"<sst></si>" + b" " * LARGE,
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(HOSTILE))
def test_little_is_read_of_a_hostile_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    content, read = HOSTILE[kind], []
    as_is = zipfile.ZipExtFile.read

    def counted(self: Any, size: int | None = -1) -> bytes:
        block = as_is(self, size)
        read.append(len(block))
        return block

    monkeypatch.setattr(zipfile.ZipExtFile, "read", counted)
    monkeypatch.setattr(seal, "MOST_ELEMENTS", ELEMENTS)
    with pytest.raises(Unsealed, match="大得不像|损坏"):
        seal.sealed_texts(written(tmp_path, {"sharedStrings.xml": content}))
    most = {"text": seal.MOST_TEXTS, "elements": 4 * ELEMENTS, "deep": 3 * ELEMENTS}
    assert sum(read) <= most.get(kind, seal.MOST_TOKEN) + 3 * 2**16


def test_a_directory_too_long_for_a_workbook_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "many.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(22_000):
            archive.writestr(f"{number:05d}", b"")
    monkeypatch.setattr(seal.zipfile, "ZipFile", None)
    with pytest.raises(Unsealed, match="大得不像"):
        seal.sealed_texts(path)


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_file_broken_anywhere_is_refused_in_chinese_or_read(tmp_path_factory: Any, data: st.DataObject) -> None:
    path = written(tmp_path_factory.mktemp("broken"))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)) | st.just(len(content)))])
    try:
        found = seal.sealed_texts(path)
    except Unsealed as problem:
        assert any("一" <= c <= "龥" for c in str(problem)) and "zip" not in str(problem).lower()
    else:
        assert len(found) == 2
