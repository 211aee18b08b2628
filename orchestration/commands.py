"""What the commands of the nights do and print (命令): run and rebuild lists, train and revert models, try weights, open the `ui`.

Belongs here: one function per command, the table and the first lines of the list on the terminal.
Does not belong here: what may be typed (command_line.py), running (nightly.py), what an error is in words (endings.py).
"""

from __future__ import annotations

import datetime as dt
import sys
import time
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq

from models.ranking import KIND_NAMES, PART_NAMES, RankingWeights
from office import read_district
from office.reading import unverified
from orchestration.inspecting import run_daemon, serve_ui, write_dictionary
from orchestration.ledger_layouts import confirm_before_run, lines_of_waiting
from orchestration.nightly import NightlyResult, StepRow, begin_night, only_one, run_job
from orchestration.settings import Service, Settings, office_today
from orchestration.tables import aligned
from publishing.boards import ledgers_missing
from publishing.snapshot import LEADS, WORKBOOK, Snapshot, current
from publishing.workbook import reasons_in_words


def _number(value: int | None) -> str:
    return "—" if value is None else f"{value:,}"


def _table(steps: list[StepRow]) -> str:
    lines = [("步骤", "读入行", "产出行", "拒收或不排", "秒")]
    lines += [(s.name, _number(s.rows_in), _number(s.rows_out), _number(s.refused), f"{s.seconds:.1f}") for s in steps]
    return aligned(lines, right=range(1, 5))


def _first_lines(snapshot: Snapshot, count: int = 10) -> str:
    weights = RankingWeights.load()
    lines = []
    columns = ["rank", "band", "score", "project_name", "unit_name", "landing_probability", "tax_wan_cny", "reasons"]
    for row in pq.read_table(snapshot.folder / LEADS, columns=columns).slice(0, count).to_pylist():
        if row["rank"] is None:
            continue
        head = (
            f"{row['rank']:>3}. [{row['band']}] {row['score']:.1f} 分  {row['project_name']}（{row['unit_name']}）"
            f"  开工概率 {row['landing_probability']:.0%}  年纳税约 {row['tax_wan_cny']:,.0f} 万元"
        )
        words = [
            reasons_in_words(row["reasons"], part, weights).replace("\n", "；") for part in ("landing", "tax", "fit")
        ]
        lines += [
            head,
            *(f"       {name}：{text}" for name, text in zip(("落地", "税收", "契合"), words, strict=True) if text),
        ]
    return "\n".join(lines)


def kept_list(home: Path) -> str:
    """Say which list stands."""
    snapshot = current(home / "published")
    return f"仍是 {snapshot.as_of_date} 的清单（{snapshot.snapshot_id}）" if snapshot else "尚无发布过的清单"


def _district(settings: Settings) -> str:
    """Return whose settings a run took, and how much of them nobody has verified."""
    folder = settings.office_folder
    district = read_district(folder)
    line = f"本区：{district.name}（{district.province}{district.city}），设置在 {folder}"
    if district.is_fictional:
        return line
    return f"{line}；其中未核实 {sum(1 for _ in unverified(folder)):,} 处，逐条见 zeyou office check"


def _by_rule(snapshot: Snapshot) -> list[str]:
    """Say which parts of the list a rule tells, for want of a model."""
    parts = [PART_NAMES[name] for name, kind in snapshot.manifest["model_kinds"].items() if kind == "rule"]
    return [f"{'、'.join(parts)}{KIND_NAMES['rule']}：标签不足或检验未通过，原因见上"] if parts else []


def _unheard_of(snapshot: Snapshot) -> list[str]:
    """Say which of the most useful ledgers did not come, and where it is told what each would add."""
    missing = ledgers_missing(snapshot.folder)
    shown = "、".join(missing[:5]) + (f" 等 {len(missing)} 种台账" if len(missing) > 5 else "")
    where = "有了各能多看到什么，见办公桌“台账情况”（zeyou desk serve，/boards/ledgers）"
    return [f"没有收到{shown}：靠它们才知道的写暂无；{where}"] if missing else []


def _report(result: NightlyResult, settings: Settings) -> int:
    print(f"\n{_table(result.steps)}")
    print(f"\n检查 {result.check_count} 项，通过 {result.checks_passed} 项；共用时 {result.seconds:.0f} 秒")
    for problem in result.problems:
        print(f"  {problem.splitlines()[0][:600]}")
    snapshot = current(settings.home / "published")
    if result.ending:
        line = result.ending.line.splitlines()[0][:600]
        print(
            f"\n错误：本次没有发布：{line}。{kept_list(settings.home)}；日志在 {settings.home / 'logs'}",
            file=sys.stderr,
        )
        return result.ending.code
    assert snapshot is not None
    print(f"  {_district(settings)}")
    for line in [*_by_rule(snapshot), *_unheard_of(snapshot)]:
        print(f"  {line}")
    link = settings.home / "published" / "current"
    label = "，合成数据" if snapshot.manifest["is_synthetic"] else ""
    print(f"\n清单（截至 {snapshot.as_of_date}{label}）：{link / WORKBOOK}\n数据：{link / LEADS}\n\n前十名：")
    print(_first_lines(snapshot))
    return 0


def docs() -> int:
    """Write the data dictionary."""
    print(f"数据字典：{write_dictionary(Settings.from_environment())}")
    return 0


def ui(port: int, has_daemon: bool) -> int:
    """Open the UI of Dagster on this machine."""
    return serve_ui(Settings.from_environment(), Service.from_environment(), port, has_daemon)


def daemon() -> int:
    """Run the daemon of an installed service."""
    return run_daemon(Settings.from_environment())


def run(inbox: Path | None, register: Path | None, as_of: dt.date | None) -> int:
    """Run one night and print what came of it."""
    settings = Settings.from_environment()
    if inbox:
        # An inbox of one's own comes with a register of one's own or with none, never with the sample's.
        settings = replace(settings, inbox=inbox.resolve(), register=register.resolve() if register else None)
    elif register:
        settings = replace(settings, register=register.resolve())
    day = as_of or office_today()
    begin_night(settings, day)
    if code := confirm_before_run(settings, sys.stdin.isatty() and sys.stdout.isatty()):
        return code
    code = _report(run_job(settings, day, "nightly"), settings)
    for line in lines_of_waiting(settings):
        print(f"  {line}")
    return code


def _day(settings: Settings, as_of: dt.date | None) -> dt.date:
    snapshot = current(settings.home / "published")
    return as_of or (snapshot.as_of_date if snapshot else office_today())


def revert(task: str, is_rescored: bool) -> int:
    """Go back one version of a model, and score and publish again."""
    from models.registry import Registry

    settings = Settings.from_environment()
    with only_one(settings, "nightly"):
        registry = Registry(settings.home / "registry")
        left = registry.active(task)
        try:
            version = registry.revert(task)
        except LookupError:
            raise LookupError(f"{task}：没有更早的版本可退；在用的版本不变") from None
    print(f"{task} 已从 {left} 退回到 {version}；{left} 不会再自动启用")
    if not is_rescored:
        return 0
    return _report(run_job(settings, _day(settings, None), "rescoring"), settings)


def rescore(as_of: dt.date | None) -> int:
    """Score and publish again with the models and weights in use."""
    settings = Settings.from_environment()
    return _report(run_job(settings, _day(settings, as_of), "rescoring"), settings)


def retrain(as_of: dt.date | None) -> int:
    """Train candidates now and say whether they pass the gate."""
    settings = Settings.from_environment()
    result = run_job(settings, _day(settings, as_of), "retraining")
    print(_table(result.steps))
    print("\n".join(result.problems) or "候选模型通过关卡；下一次评分起使用")
    return 0 if result.success else 1


def rebuild(wanted: str) -> int:
    """Rebuild a list of a day or a snapshot, and compare it with the published one."""
    from orchestration import archive, rebuilding

    settings = Settings.from_environment()
    found = rebuilding.rebuild(settings, archive.list_of(settings, wanted))
    for line in [*found.result.problems, *found.remarks]:
        print(f"  {line}")
    if not found.result.success:
        print(f"{found.snapshot_id}：重建没有完成，没有比较")
        return 1
    if found.is_equal:
        print(f"{found.snapshot_id}：重建的清单与当时发布的逐字节相同（{found.folder}）")
        return 0
    print(f"{found.snapshot_id}：重建的清单与当时发布的不同：{'、'.join(found.differing)}")
    return 1


def score(features: Path, out: Path, keys: list[str], parts: list[str]) -> int:
    """Score every row of a table of features."""
    from orchestration.bulk import score_file

    started = time.monotonic()

    def told(done: int, total: int) -> None:
        rate = done / max(time.monotonic() - started, 0.001)
        end = "\n" if done == total else ""
        print(f"\r已评 {done:,} / {total:,} 行，每秒 {rate:,.0f} 行", end=end, file=sys.stderr, flush=True)

    settings = Settings.from_environment()
    rows = score_file(settings, features, out, keys, parts, told)
    print(f"{rows:,} 行：{out}")
    return 0


def what_if(file: Path, top: int) -> int:
    """Print how other weights would change the list."""
    from orchestration.comparing import compare_with

    print(compare_with(Settings.from_environment(), file, top))
    return 0
