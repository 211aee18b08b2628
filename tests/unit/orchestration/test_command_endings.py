"""What is refused before anything is computed: its exit code and one Chinese line, whatever was typed or is missing."""

from __future__ import annotations

import datetime as dt
import fcntl
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from test_endings import assert_is_plain

from office.installing import write_folder
from orchestration.command_line import main
from orchestration.endings import EXIT_CODES
from orchestration.settings import office_today

Prepare = Callable[[Path], object]
FACTS = {"name": "东皋区", "province": "江苏省", "city": "南通市"}
DISTRICT = "name: 东皋区\nprovince: 江苏省\ncity: 南通市\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh installation of 东皋区 with an inbox that holds one file."""
    for name in ("ZEYOU_INBOX", "ZEYOU_REGISTER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ZEYOU_HOME", str(tmp_path / "home"))
    write_folder(tmp_path / "home/office", FACTS, ["纺织服装"])
    (tmp_path / "台账").mkdir()
    (tmp_path / "台账/线索.xlsx").write_bytes(b"x")
    return tmp_path


def nothing(home: Path) -> None:
    """Leave everything as it is."""


def without_ledgers(home: Path) -> None:
    (home / "台账/线索.xlsx").rename(home / "台账/~$线索.xlsx")


def without_settings(home: Path) -> None:
    (home / "home/office/district.yaml").unlink()


def with_settings(text: str | bytes) -> Prepare:
    content = text.encode() if isinstance(text, str) else text
    return lambda home: (home / "home/office/district.yaml").write_bytes(content)


def with_limits(text: str) -> Prepare:
    return lambda home: (home / "home/office/register_limits.yaml").write_text(text, encoding="utf-8")


def with_broken_memory(home: Path) -> None:
    (home / "home/inputs.json").write_text("{", encoding="utf-8")


def while_another_runs(home: Path) -> object:
    lock = (home / "home/nightly.lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    lock.write("4711")
    lock.flush()
    return lock


RUN = ["run", "--inbox", "台账"]
TOMORROW = (office_today() + dt.timedelta(days=1)).isoformat()
ENDINGS: list[tuple[list[str], Prepare, str]] = [
    ([], nothing, "缺少命令"),
    (["天气"], nothing, "没有 '天气' 这个命令"),
    (["run", "--inbx", "台账"], nothing, "不认识的参数：--inbx"),
    (["run", "--inbox"], nothing, "--inbox 后面要写一个值"),
    ([*RUN, "--as-of", "2026-02-30"], nothing, "应写成 2026-06-30"),
    ([*RUN, "--as-of", "昨天"], nothing, "应写成 2026-06-30"),
    ([*RUN, "--as-of", "2023-12-31"], nothing, "只能从 2024-01-01 到今天"),
    ([*RUN, "--as-of", "0001-01-01"], nothing, "只能从 2024-01-01 到今天"),
    ([*RUN, "--as-of", TOMORROW], nothing, "只能从 2024-01-01 到今天"),
    (["rescore", "--as-of", TOMORROW], nothing, "只能从 2024-01-01 到今天"),
    (["retrain", "--as-of", "2023-01-01"], nothing, "只能从 2024-01-01 到今天"),
    (["run", "--inbox", "没有的"], nothing, "收件夹不存在"),
    (["run", "--inbox", "台账/线索.xlsx"], nothing, "收件夹不存在"),
    (["run"], nothing, "收件夹不存在"),
    (RUN, without_ledgers, "没有收到线索台账"),
    ([*RUN, "--register", "没有的.parquet"], nothing, "企业名录不存在"),
    ([*RUN, "--register", "台账"], nothing, "企业名录不存在"),
    (RUN, without_settings, "没有本区的设置"),
    (RUN, with_settings(""), "每行应写成"),
    (RUN, with_settings("name：东皋区"), "英文冒号"),
    (RUN, with_settings("name: [东皋区"), "每行应写成"),
    (RUN, with_settings(DISTRICT.encode("gb18030")), "UTF-8"),
    (RUN, with_settings(DISTRICT.replace("city", "town")), "town“南通市”：不认识这一项"),
    (RUN, with_settings(DISTRICT.replace("city: 南通市\n", "")), "city：缺少这一项"),
    (RUN, with_settings(DISTRICT.replace("南通市", "2")), "city“2”：应为文字"),
    (RUN, with_settings(DISTRICT.replace("南通市", "南通' or 1=1")), "不是中文地名"),
    (RUN, with_settings(DISTRICT.replace("江苏省", "江南省")), "不是省级行政区"),
    (RUN, with_settings("name: 某某区\nprovince: 某某省\ncity: 某某市\n"), "不是中文地名"),
    (RUN, with_settings(DISTRICT + "is_fictional: 否\n"), "is_fictional"),
    (RUN, with_limits("rows_at_most: 很多"), "rows_at_most"),
    (RUN, with_limits("["), "格式不对"),
    (RUN, with_broken_memory, "inputs.json 损坏"),
    (RUN, while_another_runs, "已有一个夜间作业"),
    (["rescore"], nothing, "还没有运行过夜间作业"),
    (["retrain"], nothing, "还没有运行过夜间作业"),
    (["docs"], nothing, "还没有运行过夜间作业"),
    (["rebuild"], nothing, "缺少参数：--as-of"),
    (["rebuild", "--as-of", "2026-06-30"], nothing, "没有发布过截至 2026-06-30"),
    (["revert", "landing"], nothing, "没有更早的版本"),
    (["revert", "天气"], nothing, "只能是"),
    (["what-if", "没有的.yaml"], nothing, "没有的.yaml"),
    (["what-if", "台账/线索.xlsx"], nothing, "权重文件"),
    (["score", "没有的.parquet", "--out", "x.parquet"], nothing, "还没有在用的模型"),
    (["ui", "--port", "0"], nothing, "不是端口号"),
    (["desk", "serve", "--port", "八千"], nothing, "不是端口号"),
    (["desk", "serve", "--host", "999.1.1.1"], nothing, "没有 999.1.1.1 这个地址"),
    (["desk"], nothing, "缺少命令"),
    (["read", "没有的.xlsx", "--contract", "leads", "--out", "x"], nothing, "文件不存在"),
    (["read", "台账/线索.xlsx", "--contract", "天气", "--out", "x"], nothing, "没有名为“天气”的台账约定"),
    (["explain", "台账/线索.xlsx"], nothing, "损坏"),
    (["template", "天气", "--out", "x.xlsx"], nothing, "没有名为“天气”的台账约定"),
    (["match", "没有的.parquet", "--out", "x.parquet"], nothing, "没有的.parquet"),
    (["chain-graph", "没有的"], nothing, "没有的"),
    (["sample", "--out", "x", "--leads", "很多"], nothing, "不是数目"),
    (["scan", "没有的.txt"], nothing, "打不开"),
    (["scan", "台账/线索.xlsx", "--day", "昨天"], nothing, "应写成 2026-06-30"),
]

CODES: dict[Prepare, int] = {without_ledgers: 3, while_another_runs: 5}  # all others were asked for wrongly: 2


@pytest.mark.parametrize(("arguments", "prepare", "said"), ENDINGS)
def test_what_cannot_be_started_ends_at_once_in_one_line(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    arguments: list[str],
    prepare: Prepare,
    said: str,
) -> None:
    monkeypatch.chdir(home)
    monkeypatch.setattr("orchestration.nightly._execute", lambda *_: pytest.fail("a run was started"))
    kept = prepare(home)
    try:
        code = main(arguments)
    except SystemExit as end:
        code = int(str(end.code))
    out, error = capfd.readouterr()
    assert code == CODES.get(prepare, 2) and out == ""
    assert code in EXIT_CODES
    (line,) = error.splitlines()
    assert said in line and line.startswith("错误：")
    assert_is_plain(line)
    assert not (home / "home/published").exists()
    del kept


@pytest.mark.parametrize("place", ["/proc/没有", "{home}/台账/线索.xlsx", "{home}/台账/线索.xlsx/里面"])
def test_a_home_that_cannot_be_written_is_said(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], place: str
) -> None:
    monkeypatch.setenv("ZEYOU_HOME", place.format(home=home))
    assert main(["run", "--inbox", str(home / "台账")]) in (2, 6)
    (line,) = capfd.readouterr().err.splitlines()
    assert_is_plain(line)


def test_a_home_whose_path_is_a_pattern_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("数据[1]", "数据*", "数据?"):
        monkeypatch.setenv("ZEYOU_HOME", str(home / name))
        assert main(["run", "--inbox", str(home / "台账")]) == 2
        assert "不能用；请换一个" in capfd.readouterr().err


@pytest.mark.parametrize("command", [["ui"], ["desk", "serve"]])
def test_a_port_in_use_is_named(home: Path, capfd: pytest.CaptureFixture[str], command: list[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert main([*command, "--port", str(port)]) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert f"端口 {port} 已被占用" in line and "--port" in line


def test_the_settings_of_the_fictional_district_are_beside_its_own_inbox_only(home: Path) -> None:
    from orchestration.settings import Settings
    from sample import write_sample

    write_sample(out=home / "sample", leads=60, register=500, seed=1)
    sample = Settings(home / "home", home / "sample/inbox", None)
    own = Settings(home / "home", home / "台账", None)
    assert (sample.office_folder, own.office_folder) == (home / "sample/office", home / "home/office")


def test_what_was_learned_from_the_fictional_district_ranks_no_real_leads(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from orchestration import nightly
    from orchestration.settings import Settings

    runs = []
    monkeypatch.setattr(nightly, "run_job", lambda settings, *_: runs.append((settings.home / "registry").exists()))
    own = Settings(home / "home", home / "台账", None)
    (home / "sample/inbox").mkdir(parents=True)
    (home / "sample/inbox/线索.xlsx").write_bytes(b"x")
    write_folder(home / "sample/office", FACTS | {"is_fictional": True}, ["纺织服装"])
    (own.home / "registry").mkdir()
    for settings in (Settings(own.home, home / "sample/inbox", None), own, own):
        nightly.run_nightly(settings, office_today())
        (own.home / "registry").mkdir(exist_ok=True)
    assert runs == [True, False, True]
    assert "它的模型已移到" in capfd.readouterr().err
