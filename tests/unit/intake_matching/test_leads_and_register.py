"""A lead finds its firm in the register by code, whole name, 简称 or 曾用名; codes that conflict never meet."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from matching_tables import CODES

from intake.matching import leads as leads_module
from intake.matching.leads import match_leads
from intake.matching.register import BATCH_ROWS, register_candidates
from intake.workbook import FileProblem

FIRMS = [
    ("青岛华泰建材有限公司", CODES[0], None),
    ("青岛海森水处理设备有限公司", CODES[1], None),
    ("济南远图膜科技（山东）有限公司", CODES[2], None),
    ("云川市同名贸易有限公司", None, "370000000000011"),
    ("云川市同名贸易有限公司", None, "370000000000012"),
    ("潍坊老厂名纺织有限公司", None, "370000000000013"),
    ("青岛大可装备制造有限公司", CODES[3], None),
]


def landed(
    folder: Path, leads: list[tuple[str, str, str | None]], firms: list[tuple[str, str | None, str | None]]
) -> None:
    rows = [
        {"lead_id": i, "enterprise_name": name, "uscc": uscc, "received_seq": 1, "source_row": at}
        for at, (i, name, uscc) in enumerate(leads)
    ]
    schema = pa.schema([("lead_id", pa.string()), ("enterprise_name", pa.string()), ("uscc", pa.string())])
    schema = schema.append(pa.field("received_seq", pa.int64())).append(pa.field("source_row", pa.int64()))
    pq.write_table(pa.Table.from_pylist(rows, schema), folder / "leads.parquet")
    register = pa.table(
        {
            "uscc": pa.array([f[1] for f in firms], pa.string()),
            "registration_no": pa.array([f[2] for f in firms], pa.string()),
            "enterprise_name": pa.array([f[0] for f in firms], pa.string()),
            "province_name": pa.array(["山东省"] * len(firms), pa.string()),
            "city_name": pa.array([None] * len(firms), pa.string()),
            "source_row": pa.array(range(1, len(firms) + 1), pa.int64()),
        }
    )
    pq.write_table(register, folder / "register.parquet")


def found(
    tmp_path: Path, leads: list[tuple[str, str, str | None]], firms: list[tuple[str, str | None, str | None]] = FIRMS
) -> dict[str, dict[str, str | None]]:
    landed(tmp_path, leads, firms)
    table = match_leads(tmp_path, tmp_path / "identity", lambda line: None)
    assert pq.read_table(tmp_path / "lead_identities.parquet").equals(table)
    return {row["record_id"]: row for row in table.to_pylist()}


@pytest.mark.parametrize(
    ("name", "uscc", "key", "match_by"),
    [
        ("随便怎么写的名字", CODES[0], CODES[0], "信用代码"),
        ("青岛华泰建材有限责任公司", None, CODES[0], "企业名称"),
        ("济南远图膜科技(山东)有限公司", None, CODES[2], "企业名称"),
        ("海森水处理设备（青岛）有限公司", None, CODES[1], "名称归并"),
        ("潍坊新厂名科技有限公司（曾用名：潍坊老厂名纺织有限公司）", None, "370000000000013", "名称归并"),
        ("大可集团（简称：大可装备制造）", None, CODES[3], "名称归并"),
        # The register has two firms of this name, and says nothing to tell them apart.
        ("云川市同名贸易有限公司", None, None, None),
        # Its code is another firm's than the register's of that name.
        ("青岛华泰建材有限公司", CODES[9], None, None),
        ("从未注册的无名企业有限公司", None, None, None),
        # Old numbers do not speak against a credit code: the firm got its code later.
        ("潍坊老厂名纺织有限公司", CODES[8], "370000000000013", "企业名称"),
        # A branch is not its parent.
        ("青岛华泰建材有限公司潍坊分公司", None, None, None),
    ],
)
def test_a_lead_finds_its_firm(
    tmp_path: Path, name: str, uscc: str | None, key: str | None, match_by: str | None
) -> None:
    row = found(tmp_path, [("X1", name, uscc), ("X2", "毫不相干的另一家纺织有限公司", None)])["X1"]
    assert (row["register_key"], row["register_match_by"]) == (key, match_by), row["why"]


def test_a_branch_is_linked_to_the_parent_in_the_register(tmp_path: Path) -> None:
    rows = found(tmp_path, [("X1", "青岛华泰建材有限公司潍坊分公司", None), ("X2", "华泰建材", CODES[0])])
    assert rows["X1"]["parent_register_key"] == CODES[0]
    assert rows["X1"]["parent_enterprise_id"] == rows["X2"]["enterprise_id"] != rows["X1"]["enterprise_id"]


def test_two_leads_meet_through_the_register(tmp_path: Path) -> None:
    rows = found(tmp_path, [("X1", "写错的名字", CODES[1]), ("X2", "青岛海森水处理设备有限公司", None)])
    assert rows["X1"]["enterprise_id"] == rows["X2"]["enterprise_id"]
    assert rows["X2"]["register_key"] == CODES[1]


def test_people_tell_a_lead_its_firm_and_what_it_is_not(tmp_path: Path) -> None:
    decided = {
        "left_id": ["X1", "X2"],
        "right_id": [CODES[0], CODES[1]],
        "decision": ["归并", "不归并"],
        "decided_date": [dt.date(2026, 1, 5)] * 2,
    }
    pq.write_table(pa.table(decided), tmp_path / "merge_decisions.parquet")
    rows = found(tmp_path, [("X1", "谁也认不出的写法", None), ("X2", "青岛海森水处理设备有限公司", None)])
    assert rows["X1"]["register_key"] == CODES[0]
    assert rows["X2"]["register_key"] is None


def test_an_earlier_name_of_the_register_is_known_and_the_key_comes_once(tmp_path: Path) -> None:
    firms = [("青岛旧称机械有限公司", CODES[4], None), ("青岛新称智能装备有限公司", CODES[4], None)]
    rows = found(tmp_path, [("X1", "青岛旧称机械有限公司", None), ("X2", "青岛新称智能装备有限公司", None)], firms)
    assert {row["register_key"] for row in rows.values()} == {CODES[4]}


def test_only_what_is_near_a_lead_is_kept_of_a_long_register(tmp_path: Path) -> None:
    firms: list[tuple[str, str | None, str | None]] = [
        (f"济南{chr(0x4E00 + at % 7000)}{chr(0x4E00 + at // 7000)}商贸有限公司", None, f"{at:015d}")
        for at in range(BATCH_ROWS + 50)
    ]
    firms[-1] = FIRMS[0]
    landed(tmp_path, [], firms)
    kept = register_candidates(
        tmp_path / "register.parquet", pa.array(["青岛华泰建材有限公司", "山东华泰新型建材厂"]), [], lambda line: None
    )
    assert kept["register_key"].to_pylist() == [CODES[0]]


def test_a_core_that_hundreds_of_firms_bear_brings_none_of_them(tmp_path: Path) -> None:
    firms: list[tuple[str, str | None, str | None]] = [
        (f"华泰建材（{chr(0x4E00 + at)}号）有限公司", None, f"{at:015d}") for at in range(200)
    ]
    landed(tmp_path, [], [*firms, FIRMS[0]])
    kept = register_candidates(tmp_path / "register.parquet", pa.array(["青岛华泰建材有限公司"]), [], lambda line: None)
    assert kept["register_key"].to_pylist() == [CODES[0]]


def test_without_a_register_leads_are_matched_among_themselves(tmp_path: Path) -> None:
    landed(tmp_path, [("X1", "甲乙丙纺织有限公司", CODES[0]), ("X2", "甲乙丙纺织", CODES[0])], [])
    (tmp_path / "register.parquet").unlink()
    table = match_leads(tmp_path, tmp_path / "identity", lambda line: None)
    assert len(set(table["enterprise_id"].to_pylist())) == 1 and table["register_key"].null_count == 2


def test_a_broken_crosswalk_is_told_and_the_version_beside_it_brings_the_ids_back(tmp_path: Path) -> None:
    """Seven nights later and with the file torn, the youngest version kept gives every lead its old id."""
    folder = tmp_path / "identity"
    first = found(tmp_path, [("X1", "青岛华泰建材有限公司", None), ("X2", "甲乙丙纺织有限公司", None)])
    for _ in range(9):
        again = found(tmp_path, [("X0", "排在最前的新企业", None), ("X1", "青岛华泰建材有限公司", None)])
    assert again["X1"]["enterprise_id"] == first["X1"]["enterprise_id"]
    assert len(list(folder.glob("crosswalk.parquet.*"))) == len(list(folder.glob("crosswalk.events.parquet.*"))) == 7
    whole = (folder / "crosswalk.parquet").read_bytes()
    (folder / "crosswalk.parquet").unlink()
    (folder / "crosswalk.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileProblem, match="损坏；请从备份恢复"):
        match_leads(tmp_path, folder, lambda line: None)
    (folder / "crosswalk.parquet").unlink()
    with pytest.raises(FileProblem, match="不见了，但上一版"):
        match_leads(tmp_path, folder, lambda line: None)
    for name in ("crosswalk.parquet", "crosswalk.events.parquet"):
        (folder / name).write_bytes((folder / f"{name}.1").read_bytes())
    table = match_leads(tmp_path, folder, lambda line: None)
    assert dict(zip(*table.select(["record_id", "enterprise_id"]).to_pydict().values(), strict=True)) == {
        lead: row["enterprise_id"] for lead, row in again.items()
    }


def test_a_run_killed_while_writing_leaves_the_crosswalk_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found(tmp_path, [("X1", "青岛华泰建材有限公司", None)])
    before = (tmp_path / "identity" / "crosswalk.parquet").read_bytes()

    def killed(targets: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(leads_module, "write_whole", killed)
    with pytest.raises(KeyboardInterrupt):
        match_leads(tmp_path, tmp_path / "identity", lambda line: None)
    assert (tmp_path / "identity" / "crosswalk.parquet").read_bytes() == before
    assert (tmp_path / "identity" / "crosswalk.parquet.1").read_bytes() == before
