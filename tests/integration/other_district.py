"""The fictional district told as another one: its ledgers with other names, no label, and settings of their own.

Belongs here: exchanging words in workbooks and CSV files, byte for byte otherwise. Does not belong: assertions.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

WORDS = {"云川": "临澜", "合成数据": "内部资料", "山东": "江苏"}
FACTS = {"name": "临澜区", "province": "江苏省", "city": "临澜市"}
CHAINS = ["环保水处理", "医药医疗器械"]


def told_anew(text: str) -> str:
    """Return a text with the other district's words."""
    for word, other in WORDS.items():
        text = text.replace(word, other)
    return text


def write_other_district(inbox: Path, target: Path) -> None:
    """Write the ledgers of an inbox as those of another district."""
    target.mkdir(parents=True)
    for source in sorted(inbox.iterdir()):
        place = target / told_anew(source.name)
        if source.suffix != ".xlsx" or source.name.startswith(("~$", ".")):
            place.write_bytes(source.read_bytes())
            continue
        with zipfile.ZipFile(source) as old, zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as new:
            for part in old.infolist():
                content = old.read(part)
                new.writestr(part.filename, told_anew(content.decode()) if part.filename.endswith(".xml") else content)
