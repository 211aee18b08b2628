"""Checks of the folders (数据目录): home, inbox, the office's settings, register, warehouse, what is published, learnt, kept.

Belongs here: files on disk that the night reads or writes. Does not belong here: Dagster's records (nights.py), the desk's database (people.py).
"""

from __future__ import annotations

import datetime as dt
import json
import os
import stat
import tempfile
from pathlib import Path
from typing import Final

import duckdb

from intake.landing import is_ledger
from intake.matching.crosswalk import read_crosswalk, read_events
from models.registry import Registry
from office import OfficeError, read_district
from orchestration.endings import Refused, kind_of
from orchestration.landing_office import require_office
from orchestration.operations.doctor.situation import Situation, Verdict, bad, ok, unknown, warn
from orchestration.register_limits import read_note
from orchestration.settings import OFFICE_ZONE
from orchestration.warehouse import holder_of, warehouse_path
from publishing.snapshot import MANIFEST, Snapshot, current, verified
from storage import content_hash

LEDGERS_OLD: Final = dt.timedelta(days=45)
REGISTER_OLD: Final = dt.timedelta(days=180)
LIST_DUE_HOUR: Final = 5  # the night starts at two; three hours are the longest one seen, twice over
SECRETS: Final = ("secrets/*", "desk/*.sqlite*", "desk/notices.yaml", "desk/ledgers/*")


def home_writable(situation: Situation) -> Verdict:
    """Write a file into the folder of all data."""
    home = situation.home
    if not home.exists():
        return unknown(f"数据目录 {home} 还没有建立", "运行一次 zeyou run，它会建立")
    try:
        with tempfile.NamedTemporaryFile(dir=home):
            pass
    except OSError as problem:
        return bad(
            f"数据目录 {home} 不能写（{os.strerror(problem.errno or 0)}）",
            f"chown 给运行服务的用户，chmod u+rwx {home}",
        )
    return ok(f"数据目录 {home} 可写")


def home_mode(situation: Situation) -> Verdict:
    """See whether others on this machine can look into the folder of all data."""
    if not situation.home.exists():
        return unknown(f"数据目录 {situation.home} 还没有建立")
    mode = stat.S_IMODE(situation.home.stat().st_mode)
    if mode & 0o077:
        return situation.severe(f"数据目录的权限是 {mode:o}，本机其他用户能看", f"chmod 700 {situation.home}")
    return ok("数据目录只有服务自己能看")


def secret_modes(situation: Situation) -> Verdict:
    """See whether others on this machine can read databases of people and secrets."""
    files = sorted(path for pattern in SECRETS for path in situation.home.glob(pattern) if path.is_file())
    open_ones = [path for path in files if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if open_ones:
        names = "、".join(str(path.relative_to(situation.home)) for path in open_ones)
        return bad(f"别人能读：{names}", f"chmod 600 {' '.join(map(str, open_ones))}")
    return ok(f"{len(files)} 个保密的文件只有服务自己能读")


def inbox(situation: Situation) -> Verdict:
    """See whether the inbox can be read by the night and written by those who send."""
    folder = situation.settings.inbox
    if not folder.is_dir():
        return bad(f"收件夹 {folder} 不存在", f"mkdir -p {folder}，或用 zeyou run --inbox 指定")
    if not os.access(folder, os.R_OK | os.X_OK):
        return bad(f"收件夹 {folder} 不能读", f"chmod u+rwx {folder}")
    if not os.access(folder, os.W_OK):
        return warn(f"收件夹 {folder} 不能写，台账放不进去", f"chmod u+w {folder}")
    return ok(f"收件夹 {folder} 可读可写")


def ledgers(situation: Situation) -> Verdict:
    """See how old the newest ledger is."""
    folder = situation.settings.inbox
    found = [path for path in folder.rglob("*") if is_ledger(path)] if folder.is_dir() else []
    if not found:
        return warn(f"收件夹 {folder} 里没有台账", "把各单位的台账（.xlsx、.xls、.csv）放进去")
    newest = max(dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC) for path in found)
    line = f"{len(found)} 个台账，最新的是 {newest.astimezone(OFFICE_ZONE):%Y-%m-%d}"
    return warn(line, "催各单位报送新台账") if situation.now - newest > LEDGERS_OLD else ok(line)


def office(situation: Situation) -> Verdict:
    """Read the settings of the office as a night does."""
    folder = situation.settings.office_folder
    try:
        require_office(folder)
        district = read_district(folder)
    except (Refused, OfficeError) as problem:
        return bad(str(problem).split("\n")[0], "按这一行改好设置，再运行 zeyou doctor")
    label = "（合成数据）" if district.is_fictional else ""
    return ok(f"本区：{district.name}（{district.province}{district.city}）{label}")


def register(situation: Situation) -> Verdict:
    """See whether the register is there, was used and is not too old."""
    source = situation.settings.register
    if source is None:
        return warn("没有企业名录，名单上没有目标企业", "取得名录后用 zeyou run --register 文件 指定")
    if not source.is_file():
        return bad(f"企业名录 {source} 不存在", "放回文件，或用 zeyou run --register 另指一个")
    problem, _ = read_note(situation.home)
    if problem:
        return warn(problem, "换一份名录，或改 register_limits.yaml")
    changed = dt.datetime.fromtimestamp(source.stat().st_mtime, dt.UTC)
    line = f"企业名录 {source.name} 是 {changed.astimezone(OFFICE_ZONE):%Y-%m-%d} 的"
    return warn(f"{line}，已过半年", "换一份新名录") if situation.now - changed > REGISTER_OLD else ok(line)


def warehouse(situation: Situation) -> Verdict:
    """Open the warehouse for a moment, as every run does before dbt."""
    path = warehouse_path(situation.home)
    if not path.exists():
        return unknown("还没有仓库，第一次夜间作业会建立")
    try:
        duckdb.connect(str(path), read_only=True).close()
    except duckdb.Error as problem:
        kind = kind_of(str(problem))
        if kind == "locked":
            return warn(
                f"仓库正被{holder_of(str(problem))}占用", "是夜间作业就等它结束；是别的程序就关闭它，否则今夜不能运行"
            )
        if kind == "permission":
            return bad(f"仓库没有读写权限：{path}", f"chown 给运行服务的用户：{path}")
        return warn("仓库文件损坏或不是本版本的", "不必处理：下一次夜间作业会移开它并重建（其中没有台账之外的数据）")
    return ok("仓库可以打开")


def list_whole(situation: Situation) -> Verdict:
    """Compare the list in use with the hashes of its manifest."""
    link = situation.home / "published" / "current"
    if not link.is_symlink() and not link.exists():
        return unknown("尚无发布过的名单", "运行 zeyou run")
    try:
        snapshot = verified(link.resolve())
    except (OSError, ValueError, KeyError):
        return bad(
            f"在用的名单不完整：{link.resolve()}", "zeyou rescore 重新发布；或 ln -sfn 上一份编号 published/current"
        )
    return ok(f"名单 {snapshot.snapshot_id} 完整，{len(snapshot.manifest['files'])} 个文件")


def list_age(situation: Situation) -> Verdict:
    """Compare the day of the list with today."""
    snapshot = _current(situation)
    if snapshot is None:
        return unknown("尚无发布过的名单", "运行 zeyou run")
    local = situation.now.astimezone(OFFICE_ZONE)
    due = local.date() if local.hour >= LIST_DUE_HOUR else local.date() - dt.timedelta(days=1)
    if snapshot.as_of_date >= due:
        return ok(f"名单截至 {snapshot.as_of_date}")
    fix = "看“上一夜”和“守护进程”两项；补一次：zeyou run"
    return situation.severe(f"名单仍是 {snapshot.as_of_date} 的，应有 {due} 的", fix)


def identity(situation: Situation) -> Verdict:
    """Read the numbers of enterprises."""
    folder = situation.home / "identity"
    if not folder.exists():
        return unknown("还没有企业编号，第一次夜间作业会建立")
    try:
        count = len(read_crosswalk(folder / "crosswalk.parquet"))
        read_events(folder / "crosswalk.events.parquet")
    except ValueError as problem:
        return bad(str(problem), "见 docs/runbook.md「企业编号」：用 .1 的两个文件一起恢复")
    return ok(f"企业编号对照 {count:,} 行，可读")


def models_in_use(situation: Situation) -> Verdict:
    """Load each model in use with its hashes."""
    folder = situation.home / "registry"
    if not folder.exists():
        return unknown("还没有训练过模型")
    registry, lines = Registry(folder), []
    for task, name in (("landing", "落地"), ("tax", "税收")):
        try:
            version = registry.active(task)
            if version is not None:
                registry.load(task, version)
        except (ValueError, LookupError, OSError):
            return bad(f"{name}模型在用的版本损坏", f"退回上一版：zeyou revert {task}；或从备份恢复 registry")
        lines.append(f"{name} {version or '（规则）'}")
    return ok("在用的模型：" + "、".join(lines))


def archive(situation: Situation) -> Verdict:
    """See whether the list in use can be made again: its inputs are archived under their hashes."""
    snapshot = _current(situation)
    if snapshot is None:
        return unknown("尚无发布过的名单")
    folder = situation.home / "archive"
    try:
        wrong = wrong_inputs(folder, snapshot.snapshot_id)
    except (OSError, ValueError, KeyError):
        return warn("在用的名单没有存档，不能重建", "zeyou rescore 重新发布一次即存档")
    if wrong:
        return bad(f"存档的输入缺失或被改动：{'、'.join(wrong[:5])}", "从备份恢复 archive")
    return ok("在用的名单可由存档重建")


def wrong_inputs(folder: Path, snapshot_id: str) -> list[str]:
    """Return the archived inputs of a list that are gone or not what their hash says."""
    inputs = json.loads((folder / "lists" / f"{snapshot_id}.json").read_text(encoding="utf-8"))["inputs"]
    places = {name: folder / "inputs" / digest for name, digest in inputs.items()}
    return [name for name, path in places.items() if not path.is_file() or content_hash(path) != path.name]


def holidays(situation: Situation) -> Verdict:
    """See whether the calendar knows the year's holidays, and in December those of the next."""
    from chinese_calendar.constants import holidays as known

    last = max(known).year
    wanted = situation.today.year + (situation.today.month == 12)
    if last >= wanted:
        return ok(f"法定节假日表到 {last} 年")
    fix = "国务院通知发布后：升级 chinesecalendar，再运行 python -m intake.working_days（docs/runbook.md）"
    line = f"没有 {wanted} 年的法定节假日，那一年按工作日计的期限显示“暂无”"
    return bad(line, fix) if last < situation.today.year else warn(line, fix)


def _current(situation: Situation) -> Snapshot | None:
    link = situation.home / "published" / "current"
    return current(situation.home / "published") if (link / MANIFEST).is_file() else None
