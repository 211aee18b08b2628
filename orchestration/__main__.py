"""Command line of the platform: `run` the nightly job, open the `ui`, write the `docs`.

Belongs here: arguments, the table and the first lines of the list on the terminal, the exit code.
Does not belong here: running (nightly.py).
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq

from desk.snapshot import LEADS, WORKBOOK, Snapshot, current
from desk.workbook import reasons_in_words, shown_width
from models.ranking import RankingWeights
from orchestration.inspecting import serve_ui, write_dictionary
from orchestration.nightly import AlreadyRunning, NightlyResult, StepRow, run_nightly
from orchestration.settings import Settings, office_today


def _pad(text: str, width: int, right: bool = False) -> str:
    gap = " " * max(0, width - shown_width(text))
    return gap + text if right else text + gap


def _number(value: int | None) -> str:
    return "—" if value is None else f"{value:,}"


def _table(steps: list[StepRow]) -> str:
    lines = [("步骤", "读入行", "产出行", "拒收或不排", "秒")]
    lines += [(s.name, _number(s.rows_in), _number(s.rows_out), _number(s.refused), f"{s.seconds:.1f}") for s in steps]
    widths = [max(shown_width(line[at]) for line in lines) for at in range(5)]
    return "\n".join("  ".join(_pad(cell, widths[at], right=at > 0) for at, cell in enumerate(line)) for line in lines)


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


def _report(result: NightlyResult, settings: Settings) -> int:
    print(f"\n{_table(result.steps)}")
    print(f"\n检查 {result.check_count} 项，通过 {result.checks_passed} 项；共用时 {result.seconds:.0f} 秒")
    for problem in result.problems:
        print(f"  {problem.splitlines()[0][:400]}")
    snapshot = current(settings.home / "published")
    if not result.success:
        kept = f"仍是 {snapshot.as_of_date} 的清单（{snapshot.snapshot_id}）" if snapshot else "尚无发布过的清单"
        print(f"\n本次没有发布：{kept}。日志在 {settings.home / 'logs'}")
        return 1
    if snapshot is None:
        return 1
    link = settings.home / "published" / "current"
    label = "，合成数据" if snapshot.manifest["is_synthetic"] else ""
    print(f"\n清单（截至 {snapshot.as_of_date}{label}）：{link / WORKBOOK}\n数据：{link / LEADS}\n\n前十名：")
    print(_first_lines(snapshot))
    return 0


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m orchestration", description="择优：运行夜间作业")
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run", help="接入、加工、学习、评分、发布")
    run.add_argument("--inbox", type=Path, help="台账所在的收件夹")
    run.add_argument("--register", type=Path, help="企业名录（.parquet 或 .csv）")
    run.add_argument("--as-of", type=dt.date.fromisoformat, help="截至日，默认今天（北京时间）")
    run.set_defaults(command=_run)
    ui = commands.add_parser("ui", help="在本机打开 Dagster 界面")
    ui.add_argument("--port", type=int, default=3000)
    ui.set_defaults(command=lambda arguments: serve_ui(Settings.from_environment(), arguments.port))
    docs = commands.add_parser("docs", help="写出数据字典（dbt docs）")
    docs.set_defaults(command=_docs)
    arguments = parser.parse_args(argv)
    try:
        return int(arguments.command(arguments))
    except AlreadyRunning as problem:
        print(f"错误：{problem}", file=sys.stderr)
        return 2


def _docs(arguments: argparse.Namespace) -> int:
    print(f"数据字典：{write_dictionary(Settings.from_environment())}")
    return 0


def _run(arguments: argparse.Namespace) -> int:
    settings = Settings.from_environment()
    if arguments.inbox:
        # An inbox of one's own comes with a register of one's own or with none, never with the sample's.
        register = arguments.register.resolve() if arguments.register else None
        settings = replace(settings, inbox=arguments.inbox.resolve(), register=register)
    elif arguments.register:
        settings = replace(settings, register=arguments.register.resolve())
    return _report(run_nightly(settings, arguments.as_of or office_today()), settings)


if __name__ == "__main__":
    sys.exit(main())
