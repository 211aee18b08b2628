"""The fictional district told as another one: its ledgers with other names, no label, and settings of their own.

Belongs here: exchanging words in workbooks and CSV files, byte for byte otherwise. Does not belong: assertions.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from office import DEFAULTS

WORDS = {"云川": "临澜", "合成数据": "内部资料", "山东": "江苏", "澄湖": "青蒲", "文昌": "望亭"}
FACTS = """
name: 临澜区
province: 江苏省
city: 临澜市
level: 区
towns: [青蒲街道, 望亭街道]
neighbours: [沧浪区]
recruits_from: [长三角]
chains_file: 产业链.yaml
"""
CHAINS = """
chains:
  - id: food
    name: 食品加工
    nodes:
      - {id: food.additives, name: 食品配料, position: 上游, gap: 补, codes: ["1495"], words: [食品添加剂, 调味料]}
      - {id: food.frozen, name: 速冻食品, position: 中游, gap: 强, key: true, codes: ["1432"], words: [速冻食品, 预制菜]}
    edges:
      - [food.additives, food.frozen]
  - id: machinery
    name: 工程机械
    nodes:
      - {id: machinery.hydraulics, name: 液压件, position: 上游, gap: 补, codes: ["3444"], words: [液压泵, 液压阀]}
      - {id: machinery.excavators, name: 挖掘机械, position: 下游, gap: 延, codes: ["3514"], words: [挖掘机, 装载机]}
    edges:
      - [machinery.hydraulics, machinery.excavators]
"""


def told_anew(text: str) -> str:
    """Return a text with the other district's words."""
    for word, other in WORDS.items():
        text = text.replace(word, other)
    return text


def write_facts(folder: Path) -> Path:
    """Write what `zeyou init --from` takes: the facts of the district and a chain file of its own; return the facts."""
    head = (DEFAULTS / "chains.yaml").read_text(encoding="utf-8").partition("\nchains:")[0]
    (folder / "产业链.yaml").write_text(head + CHAINS, encoding="utf-8")
    (folder / "本区.yaml").write_text(FACTS, encoding="utf-8")
    return folder / "本区.yaml"


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
