"""Registers: any size, any of the encodings met, every row accounted for under the number a person would give it."""

from __future__ import annotations

import datetime as dt
import gzip
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from intake.registers import REFUSED_SCHEMA, RegisterCounts, land_register
from intake.values import USCC_ALPHABET, uscc_valid
from intake.workbook import FileProblem

HEADER = "企业名称,统一社会信用代码,成立日期,企业类型,注册资本,币种,省份,城市"
GOOD = "云川纺织有限公司,91440300708461136T,2003-05-20,有限责任公司,100,CNY,山东,济宁"
DATA = os.environ.get("ZEYOU_REFERENCE_DATA")
real_data = pytest.mark.skipif(not DATA, reason="ZEYOU_REFERENCE_DATA 未设置：没有真实企业名录")


def land(source: Path) -> tuple[RegisterCounts, pa.Table, pa.Table]:
    accepted, refused = source.parent / "accepted.out", source.parent / "refused.out"
    counts = land_register(source, accepted, refused)
    good, bad = pq.read_table(accepted), pq.read_table(refused)
    assert (counts.read, counts.accepted, counts.refused) == (len(good) + len(bad), len(good), len(bad))
    assert bad.schema == REFUSED_SCHEMA
    assert not list(source.parent.glob("*.part"))
    return counts, good, bad


def csv(folder: Path, *lines: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
    path = folder / "名录.csv"
    path.write_bytes("".join(line + "\n" for line in [header, *lines]).encode(encoding))
    return path


def codes(count: int) -> list[str]:
    """Give distinct valid credit codes."""
    stems = [f"9137080000{n:07d}" for n in range(count)]
    sums = [sum(int(c) * pow(3, i, 31) for i, c in enumerate(stem)) for stem in stems]
    return [stem + USCC_ALPHABET[(31 - total % 31) % 31] for stem, total in zip(stems, sums, strict=True)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
def test_csv_in_every_encoding_that_is_met(tmp_path, encoding):
    path = csv(tmp_path, GOOD, "短名,91440300708461136T,,,,,山东,", encoding=encoding)
    for source in (path, path.with_name("名录2.csv.gz")):
        if source != path:
            source.write_bytes(gzip.compress(path.read_bytes()))
        _, good, bad = land(source)
        row = good.to_pylist()[0]
        assert row["enterprise_name"] == "云川纺织有限公司"
        assert row["established_date"] == dt.date(2003, 5, 20)
        assert (row["registered_capital_wan_cny"], row["province_name"], row["source_row"]) == (100.0, "山东", 2)
        assert bad.select(["contract", "file", "row", "column", "value"]).to_pylist() == [
            {"contract": "register", "file": source.name, "row": 3, "column": "企业名称", "value": "短名"}
        ]


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        (GOOD.replace("云川纺织有限公司", ""), "企业名称", "不足4个字"),
        (GOOD.replace("云川纺织有限公司", "云" * 101), "企业名称", "超过100个字"),
        (GOOD.replace("云川", "\ufffd\ufffd"), "企业名称", "乱码"),
        (GOOD.replace("山东", "N/A"), "省份", "错列"),
        (GOOD.replace("山东", "200(万美元)"), "省份", "错列"),
        (GOOD.replace("2003-05-20", "二〇〇三年"), "成立日期", "无法识别"),
        (GOOD.replace(",100,", ",一百万,"), "注册资本", "不是数字"),
        (GOOD.replace(",100,", ",-1,"), "注册资本", "合理范围"),
        (GOOD.replace(",100,", ",2000000000,"), "注册资本", "合理范围"),
        (GOOD.replace("136T", "136X"), "统一社会信用代码", "不是18位有效代码"),
        (GOOD.replace("91440300708461136T", "无"), "统一社会信用代码", "不是18位有效代码"),
        (GOOD.replace("91440300708461136T", "企合苏分字第00087"), "统一社会信用代码", "不是18位有效代码"),
        (GOOD.replace("91440300708461136T", ""), "统一社会信用代码", "不是18位有效代码"),
    ],
)
def test_a_broken_row_is_refused_with_its_reason(tmp_path, line, column, reason):
    _, good, bad = land(csv(tmp_path, GOOD, line, GOOD))
    assert good["source_row"].to_pylist() == [2, 4]
    (row,) = bad.to_pylist()
    assert (row["row"], row["column"]) == (3, column)
    assert reason in row["reason"]
    assert row["mend"]


def test_old_numbers_are_kept_and_a_small_x_is_read(tmp_path):
    written = ["320100000106316", "3201072501358", " 9144030071526726xg ", "91440300708461136T"]
    _, good, _ = land(csv(tmp_path, *(GOOD.replace("91440300708461136T", code) for code in written)))
    assert good["uscc"].to_pylist() == [None, None, "9144030071526726XG", "91440300708461136T"]
    assert good["registration_no"].to_pylist() == ["320100000106316", "3201072501358", None, None]


@pytest.mark.parametrize(
    "written", ["2003年5月20日", "20030520", "2003.5.20", "2003/5/20", "2003/5/20 0:00:00", "2003-05-20 00:00:00"]
)
def test_dates_in_their_written_forms(tmp_path, written):
    _, good, _ = land(csv(tmp_path, GOOD.replace("2003-05-20", written)))
    assert good["established_date"].to_pylist() == [dt.date(2003, 5, 20)]


def test_the_forms_of_empty_and_currencies(tmp_path):
    empty = (
        GOOD.replace("2003-05-20", "N/A")
        .replace("有限责任公司", "-")
        .replace(",100,CNY", ",NaN,")
        .replace("济宁", "暂无")
    )
    foreign = GOOD.replace("100,CNY", '"1,000",usd')
    unknown = GOOD.replace("CNY", "GBP")
    _, good, _ = land(csv(tmp_path, empty, foreign, unknown))
    first, second, third = good.to_pylist()
    names = (
        "established_date",
        "enterprise_type",
        "registered_capital_wan",
        "registered_capital_currency",
        "city_name",
    )
    assert {first[name] for name in names} == {None}
    assert second["registered_capital_wan_cny"] == pytest.approx(7121.7)
    assert (third["registered_capital_wan"], third["registered_capital_wan_cny"]) == (100.0, None)


def test_lines_that_are_no_rows_are_refused_and_do_not_shift_the_numbers(tmp_path):
    lines = [GOOD, "少,了,列", GOOD, GOOD + ",多", GOOD + ",多", GOOD.replace("136T", "136X"), GOOD]
    _, good, bad = land(csv(tmp_path, *lines))
    assert good["source_row"].to_pylist() == [2, 4, 8]
    assert sorted(zip(bad["row"].to_pylist(), bad["column"].to_pylist(), strict=True)) == [
        (3, None), (5, None), (6, None), (7, "统一社会信用代码"),
    ]  # fmt: skip
    assert "少,了,列" in bad["value"].to_pylist()


def test_large_registers_keep_order_and_numbers_on_two_threads(tmp_path):
    count = 300_000
    ids = codes(count)
    names = [f"云川第{n}有限公司" for n in range(count)]
    broken = {n for n in range(count) if n % 1009 == 0}
    ids = [code[:-1] + "I" if n in broken else code for n, code in enumerate(ids)]
    table = pa.table({"name": names, "uscc": ids, "province": ["山东"] * count})
    pq.write_table(table, tmp_path / "r.parquet", row_group_size=20_000)
    (tmp_path / "r.csv").write_text(
        "name,uscc,province\n" + "".join(f"{n},{c},山东\n" for n, c in zip(names, ids, strict=True))
    )
    for source, first in ((tmp_path / "r.parquet", 1), (tmp_path / "r.csv", 2)):
        told: list[str] = []
        _, good, bad = land(source)
        content = (tmp_path / "accepted.out").read_bytes(), (tmp_path / "refused.out").read_bytes()
        assert good["source_row"].to_pylist() == [n + first for n in range(count) if n not in broken]
        assert good["enterprise_name"].to_pylist() == [names[n] for n in range(count) if n not in broken]
        assert bad["row"].to_pylist() == [n + first for n in sorted(broken)]
        land_register(source, tmp_path / "accepted.out", tmp_path / "refused.out", told.append)
        assert ((tmp_path / "accepted.out").read_bytes(), (tmp_path / "refused.out").read_bytes()) == content


def truncated(folder: Path) -> Path:
    path = folder / "r.parquet"
    pq.write_table(pa.table({"name": ["云川纺织有限公司"] * 9000}), path)
    path.write_bytes(path.read_bytes()[:-40])
    return path


def hollow(folder: Path) -> Path:
    """Write a Parquet file whose footer is whole and whose pages are not."""
    path = folder / "r.parquet"
    count = 50_000
    pq.write_table(
        pa.table(
            {"name": [f"云川第{n}有限公司" for n in range(count)], "uscc": codes(count), "province": ["山东"] * count}
        ),
        path,
    )
    content = bytearray(path.read_bytes())
    content[1000 : len(content) // 2] = bytes(len(content) // 2 - 1000)
    path.write_bytes(content)
    return path


def named(name: str, content: bytes):
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return write


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda folder: folder / "没有.csv", "不存在"),
        (named("r.csv", b""), "0 字节"),
        (named("r.xlsx", b"x"), "应为 .parquet"),
        (named("r.parquet.gz", b"x"), "应为 .parquet"),
        (named("r.parquet", b"not parquet at all"), "打不开"),
        (named("r.csv.gz", b"not gzip"), "损坏"),
        (named("r.csv.gz", gzip.compress((HEADER + "\n" + GOOD).encode())[:-30]), "损坏"),
        (truncated, "打不开"),
        (hollow, "损坏"),
        (lambda folder: csv(folder), "没有一行数据"),
        (lambda folder: csv(folder, "a,b", header="企业名称,省份"), "缺少列 统一社会信用代码；现有列：企业名称、省份"),
        (lambda folder: csv(folder, GOOD + ",名", header=HEADER + ",公司"), ""),
        (lambda folder: csv(folder, GOOD + ",名", header=HEADER + ",名称"), "两列都像“企业名称”"),
    ],
)
def test_a_register_that_can_not_be_read_leaves_all_as_it_was(tmp_path, write, said):
    source = write(tmp_path)
    for name in ("accepted.out", "refused.out"):
        (tmp_path / name).write_text("old")
    before = sorted(p.name for p in tmp_path.iterdir())
    if not said:
        land_register(source, tmp_path / "accepted.out", tmp_path / "refused.out")  # an unknown column is no problem
        return
    with pytest.raises(FileProblem, match=said) as problem:
        land_register(source, tmp_path / "accepted.out", tmp_path / "refused.out")
    assert source.name in str(problem.value)
    assert "\n" not in str(problem.value)
    assert "请" in str(problem.value)
    assert sorted(p.name for p in tmp_path.iterdir()) == before
    assert {(tmp_path / name).read_text() for name in ("accepted.out", "refused.out")} == {"old"}


# --- real ones ------------------------------------------------------------------------------------------------------


@real_data
@pytest.mark.parametrize(
    ("name", "read", "refused"),
    [
        ("cn_registry_1978_2004_core.parquet", 1_107_633, 344),
        ("cn_registry_2003_full.parquet", 115_495, 13),
        ("cn_registry_sample20k.parquet", 20_000, 9),
        ("cn_registry_bad_uscc.csv.gz", 4_315, 315),
    ],
)
def test_real_registers(tmp_path, name, read, refused):
    source = Path(str(DATA)) / "enterprises" / name
    link = tmp_path / name
    link.symlink_to(source)
    counts, good, _ = land(link)
    assert (counts.read, counts.refused) == (read, refused)
    assert pc.all(uscc_valid(good["uscc"].drop_null())).as_py()
    assert pc.all(pc.or_kleene(good["uscc"].is_valid(), good["registration_no"].is_valid())).as_py()
    assert (
        pc.max(good["registered_capital_wan"]).as_py() is None or pc.max(good["registered_capital_wan"]).as_py() <= 2e8
    )
    if name.endswith(".parquet"):
        original = pq.read_table(source, columns=["name"])["name"]
        told = pc.utf8_trim_whitespace(pc.take(original, pc.subtract(good["source_row"], 1)))
        assert told.equals(good["enterprise_name"])


@pytest.mark.parametrize(
    "name", ["*.csv", "**.csv", "名?.csv", "[ab].csv", "[!x].csv", "[[].csv", "{a,b}.csv", "a'b.csv"]
)
@pytest.mark.parametrize("folder", ["收件", "[2026]", "city=济南", "数据*"])
def test_a_name_that_looks_like_a_pattern_is_one_file(tmp_path, folder, name):
    place = tmp_path / folder
    place.mkdir()
    for neighbour in ("a.csv", "b.csv", "名录.csv", "*x.csv", "[.csv"):
        (place / neighbour).write_text("".join(f"{line}\n" for line in (HEADER, GOOD, GOOD, GOOD)), encoding="utf-8")
    source = place / name
    source.write_text(f"{HEADER}\n{GOOD}\n", encoding="utf-8")
    counts, good, _ = land(source)
    assert counts.read == 1 and "city" not in good.schema.names
    packed = source.with_suffix(".parquet")
    pq.write_table(
        pa.table({title: [value] for title, value in zip(HEADER.split(","), GOOD.split(","), strict=True)}), packed
    )
    pq.write_table(pq.read_table(packed), place / "z.parquet")
    assert land(packed)[0].read == 1


def test_a_backslash_in_a_path_is_refused_in_one_line(tmp_path):
    (tmp_path / "*.csv").write_text(f"{HEADER}\n{GOOD}\n", encoding="utf-8")
    source = tmp_path / "\\*.csv"
    source.write_text(f"{HEADER}\n{GOOD}\n{GOOD}\n", encoding="utf-8")
    with pytest.raises(FileProblem, match="反斜杠"):
        land(source)
