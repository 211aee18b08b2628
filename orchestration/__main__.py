"""Command line of the platform: run and rebuild lists, train and revert models, try weights, open the `ui`.

Belongs here: commands, the table and the first lines of the list on the terminal, the exit code.
Does not belong here: running (nightly.py), what an error is in words (endings.py).
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq

from desk.snapshot import LEADS, WORKBOOK, Snapshot, current
from desk.workbook import reasons_in_words, shown_width
from models.ranking import RankingWeights
from orchestration.arguments import Parser, day, port
from orchestration.district import read_district
from orchestration.endings import ending_with_log
from orchestration.inspecting import serve_ui, write_dictionary
from orchestration.nightly import NightlyResult, StepRow, only_one, run_job, run_nightly
from orchestration.register_limits import LIMITS
from orchestration.settings import OFFICE_FILES, Settings, home_from_environment, office_today
from orchestration.stopping import ends_on_signals


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


def _kept(home: Path) -> str:
    """Say which list stands."""
    snapshot = current(home / "published")
    return f"仍是 {snapshot.as_of_date} 的清单（{snapshot.snapshot_id}）" if snapshot else "尚无发布过的清单"


def _defaults(settings: Settings) -> str:
    """Say whose settings a run took, and which of them are the program's examples."""
    folder = settings.office_folder
    district = read_district(folder)
    examples = [name for name in OFFICE_FILES if name != LIMITS and not (folder / name).exists()]
    line = f"本区：{district.name}（{district.province}{district.city}），设置在 {folder}"
    return line if district.is_fictional or not examples else f"{line}；用程序自带示例的：{'、'.join(examples)}"


def _report(result: NightlyResult, settings: Settings) -> int:
    print(f"\n{_table(result.steps)}")
    print(f"\n检查 {result.check_count} 项，通过 {result.checks_passed} 项；共用时 {result.seconds:.0f} 秒")
    for problem in result.problems:
        print(f"  {problem.splitlines()[0][:600]}")
    snapshot = current(settings.home / "published")
    if not result.success:
        print(f"\n本次没有发布：{_kept(settings.home)}。日志在 {settings.home / 'logs'}")
        return 1
    if snapshot is None:
        return 1
    print(f"  {_defaults(settings)}")
    link = settings.home / "published" / "current"
    label = "，合成数据" if snapshot.manifest["is_synthetic"] else ""
    print(f"\n清单（截至 {snapshot.as_of_date}{label}）：{link / WORKBOOK}\n数据：{link / LEADS}\n\n前十名：")
    print(_first_lines(snapshot))
    return 0


def main(argv: list[str] | None = None) -> int:
    parser = Parser(prog="python -m orchestration", description="择优：运行夜间作业")
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run", help="接入、加工、学习、评分、发布")
    run.add_argument("--inbox", type=Path, help="台账所在的收件夹")
    run.add_argument("--register", type=Path, help="企业名录（.parquet 或 .csv）")
    run.add_argument("--as-of", type=day, help="截至日，默认今天（北京时间）")
    run.set_defaults(command=_run)
    ui = commands.add_parser("ui", help="在本机打开 Dagster 界面")
    ui.add_argument("--port", type=port, default=3000)
    ui.set_defaults(command=lambda arguments: serve_ui(Settings.from_environment(), arguments.port))
    docs = commands.add_parser("docs", help="写出数据字典（dbt docs）")
    docs.set_defaults(command=_docs)
    back = commands.add_parser("revert", help="退回模型的上一个版本，并重新评分发布")
    back.add_argument("task", choices=["landing", "tax"], help="landing 落地，tax 税收")
    back.add_argument("--no-rescoring", action="store_true", help="只退回，名单到下一次夜间运行才变")
    back.set_defaults(command=_revert)
    for name, text in (("retrain", "立即训练候选模型，与在用模型比较"), ("rescore", "用在用的模型和权重重新评分发布")):
        again = commands.add_parser(name, help=text)
        again.add_argument("--as-of", type=day, help="截至日，默认当前清单的截至日")
        again.set_defaults(command=_again, job={"retrain": "retraining", "rescore": "rescoring"}[name])
    past = commands.add_parser("rebuild", help="重建一份过去的清单，并与发布的逐字节比较")
    past.add_argument("--as-of", required=True, help="截至日 YYYY-MM-DD（该日最后发布的一份），或快照编号")
    past.set_defaults(command=_rebuild)
    weights = commands.add_parser("what-if", help="权重改动会怎样：保存之前先看名次变化")
    weights.add_argument("file", type=Path, help="改好的权重文件（格式同 models/ranking/weights.yaml）")
    weights.add_argument("--top", type=int, default=20, help="列出新名单的前多少名")
    weights.set_defaults(command=_what_if)
    bulk = commands.add_parser("score", help="用在用的模型给任意一份特征表评分，每行附原因（百万行以上也可以）")
    bulk.add_argument("features", type=Path, help="特征表（.parquet），列名同 features/ftr_lead__12m")
    bulk.add_argument(
        "--out", type=Path, required=True, help="结果文件（.parquet）：键、各部分的分值、影响最大的三个原因"
    )
    bulk.add_argument("--key", nargs="+", default=["lead_id", "as_of_date"], help="带进结果的列")
    bulk.add_argument("--part", nargs="+", default=["landing", "tax"], help="评哪些部分")
    bulk.set_defaults(command=_score)
    arguments = parser.parse_args(argv)
    home = home_from_environment()
    try:
        with ends_on_signals(lambda: f"{_kept(home)}；再运行一次即可"):
            return int(arguments.command(arguments))
    except Exception as error:
        ending = ending_with_log(error, home)
        print(f"错误：{ending.line}", file=sys.stderr)
        return 2 if ending.kind == "ours" else 1


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


def _day(settings: Settings, as_of: dt.date | None) -> dt.date:
    snapshot = current(settings.home / "published")
    return as_of or (snapshot.as_of_date if snapshot else office_today())


def _revert(arguments: argparse.Namespace) -> int:
    from models.registry import Registry

    settings = Settings.from_environment()
    with only_one(settings, "nightly"):
        registry = Registry(settings.home / "registry")
        left = registry.active(arguments.task)
        try:
            version = registry.revert(arguments.task)
        except LookupError:
            raise LookupError(f"{arguments.task}：没有更早的版本可退；在用的版本不变") from None
    print(f"{arguments.task} 已从 {left} 退回到 {version}；{left} 不会再自动启用")
    if arguments.no_rescoring:
        return 0
    return _report(run_job(settings, _day(settings, None), "rescoring"), settings)


def _again(arguments: argparse.Namespace) -> int:
    settings = Settings.from_environment()
    result = run_job(settings, _day(settings, arguments.as_of), arguments.job)
    if arguments.job == "rescoring":
        return _report(result, settings)
    print(_table(result.steps))
    print("\n".join(result.problems) or "候选模型通过关卡；下一次评分起使用")
    return 0 if result.success else 1


def _rebuild(arguments: argparse.Namespace) -> int:
    from orchestration.archive import list_of, rebuild

    settings = Settings.from_environment()
    found = rebuild(settings, list_of(settings, arguments.as_of))
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


def _score(arguments: argparse.Namespace) -> int:
    from orchestration.bulk import score_file

    started = time.monotonic()

    def told(done: int, total: int) -> None:
        rate = done / max(time.monotonic() - started, 0.001)
        end = "\n" if done == total else ""
        print(f"\r已评 {done:,} / {total:,} 行，每秒 {rate:,.0f} 行", end=end, file=sys.stderr, flush=True)

    settings = Settings.from_environment()
    rows = score_file(settings, arguments.features, arguments.out, arguments.key, arguments.part, told)
    print(f"{rows:,} 行：{arguments.out}")
    return 0


def _what_if(arguments: argparse.Namespace) -> int:
    from orchestration.comparing import compare_with

    print(compare_with(Settings.from_environment(), arguments.file, arguments.top))
    return 0


if __name__ == "__main__":
    sys.exit(main())
