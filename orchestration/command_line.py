"""The command `zeyou` (命令行): every subcommand, what may be typed after it, the exit code.

Belongs here: the tree of commands and their help. Does not belong here: what a command does (commands.py of each room), what
an error is in words (endings.py). Rooms are imported when one of their commands runs: --help and Tab answer at once.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from orchestration.arguments import Parser, commands_of, count, day, port
from orchestration.endings import EXIT_CODES

Arguments = argparse.Namespace
Subcommands = Any  # argparse's own type is private


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = build_parser()
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete

        argcomplete.autocomplete(parser)
    arguments = parser.parse_args(argv)
    from orchestration.endings import ending_with_log
    from orchestration.settings import home_from_environment

    home = home_from_environment()
    try:
        with _settings_of(home), _stops_on_signals(home) if arguments.is_night else nullcontext():
            return int(arguments.command(arguments))
    except KeyboardInterrupt:
        print("已中断", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe has seen enough: `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:
        ending = ending_with_log(error, home)
        print(f"错误：{ending.line}", file=sys.stderr)
        return ending.code


def _settings_of(home: Path) -> Any:
    """Let the settings that the last night landed hold; before the first night, those that come with the program."""
    import office

    landed = home / "landing" / "office"
    return office.using(landed) if landed.is_dir() else nullcontext()


def _stops_on_signals(home: Path) -> Any:
    from orchestration.commands import kept_list
    from orchestration.stopping import ends_on_signals

    return ends_on_signals(lambda: f"{kept_list(home)}；再运行一次即可")


def build_parser() -> Parser:
    """Return the parser of all commands."""
    parser = Parser(
        prog="zeyou",
        description="择优：招商线索每夜排序。数据都在 ZEYOU_HOME（不设则为程序文件夹下的 var）",
        epilog="每个命令的用法：zeyou 命令 --help",
    )
    commands = commands_of(parser)
    _add_nights(commands)
    _add_office(commands)
    _add_desk(commands)
    _add_ledgers(commands)
    _add_models(commands)
    _add_operations(commands)
    return parser


def _add(
    commands: Subcommands, name: str, text: str, command: Callable[[Arguments], int], is_night: bool = False
) -> Parser:
    parser: Parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=command, is_night=is_night)
    return parser


# --- nights (夜间作业) --------------------------------------------------------------------------------------------------


def _add_nights(commands: Subcommands) -> None:
    run = _add(commands, "run", "运行夜间作业：接入、加工、学习、评分、发布", _run, is_night=True)
    run.epilog = f"退出码：{'；'.join(f'{code} {text}' for code, text in EXIT_CODES.items())}"
    run.add_argument("--inbox", type=Path, metavar="文件夹", help="台账所在的收件夹；不写则用上一次的")
    run.add_argument("--register", type=Path, metavar="文件", help="企业名录（.parquet 或 .csv）")
    run.add_argument("--as-of", type=day, metavar="日期", help="截至日，默认今天（北京时间）")
    again = _add(commands, "rescore", "用在用的模型和权重重新评分发布", _rescore, is_night=True)
    again.add_argument("--as-of", type=day, metavar="日期", help="截至日，默认当前清单的截至日")
    past = _add(commands, "rebuild", "重建一份过去的清单，并与发布的逐字节比较", _rebuild, is_night=True)
    past.add_argument("--as-of", required=True, metavar="日期或编号", help="截至日（该日最后发布的一份），或快照编号")
    ui = _add(commands, "ui", "在本机打开 Dagster 界面", _ui, is_night=True)
    ui.add_argument("--port", type=port, default=3000, metavar="端口", help="默认 3000")
    ui.add_argument("--no-daemon", action="store_true", help="不带守护进程：它另由 zeyou daemon 运行")
    _add(commands, "daemon", "守护进程：到点开始夜间作业，由 zeyou install 装成的服务运行", _daemon, is_night=True)
    docs = _add(commands, "docs", "写出数据字典", _docs, is_night=True)
    docs.add_argument(
        "--pages", type=Path, metavar="文件夹", help="只写出台账、看板、本区设置三页（文档网站用），不建 SQL 模型的字典"
    )
    figures = _add(commands, "figures", "写出每个数出自哪张看板、每张发布的表谁在用", _figures)
    figures.add_argument("--out", type=Path, metavar="文件", help="默认程序文件夹下的 docs/figures.md")


def _run(typed: Arguments) -> int:
    from orchestration.commands import run

    return run(typed.inbox, typed.register, typed.as_of)


def _rescore(typed: Arguments) -> int:
    from orchestration.commands import rescore

    return rescore(typed.as_of)


def _rebuild(typed: Arguments) -> int:
    from orchestration.commands import rebuild

    return rebuild(typed.as_of)


def _ui(typed: Arguments) -> int:
    from orchestration.commands import ui

    return ui(typed.port, not typed.no_daemon)


def _daemon(_typed: Arguments) -> int:
    from orchestration.commands import daemon

    return daemon()


def _docs(typed: Arguments) -> int:
    if typed.pages:
        from orchestration.dictionary import write_pages

        print("\n".join(str(path) for path in write_pages(typed.pages)))
        return 0
    from orchestration.commands import docs

    return docs()


def _figures(typed: Arguments) -> int:
    from orchestration.figures import PAGE, write_figures

    print(f"数出何处：{write_figures(typed.out or PAGE)}")
    return 0


# --- office (本区设置) --------------------------------------------------------------------------------------------------


def _add_office(commands: Subcommands) -> None:
    init = _add(commands, "init", "写出本区的设置文件夹（ZEYOU_HOME/office），只写一次", _init)
    init.add_argument("--from", dest="facts", type=Path, metavar="文件", help="本区情况（.yaml）；不写则逐项询问")
    for name, text in (("name", "本区名称"), ("province", "所在省"), ("city", "所在市")):
        init.add_argument(f"--{name}", metavar="名称", help=text)
    init.add_argument("--chains", metavar="产业链", help="主导产业链，用顿号分隔，从自带的里选")
    init.add_argument("--chains-file", type=Path, metavar="文件", help="自己写的产业链文件（.yaml）")
    about = "本区设置：检查、升级、导出和收回规则工作簿"
    office = commands.add_parser("office", help=about, description=about)
    acts = commands_of(office)
    check = _add(acts, "check", "检查本区设置，列出未核实的；不能用时退出码为 1", _office_check)
    check.add_argument("--all", action="store_true", help="列出全部未核实的")
    _add(acts, "upgrade", "升级程序后补上新的默认设置，列出与新默认不同的；从不改已有的", _office_upgrade)
    out = _add(acts, "export", "把规则表和单项设置导成一本工作簿，改好后放进收件夹", _office_export)
    out.add_argument("file", type=Path, metavar="文件", help="写到哪里（.xlsx），如 规则.xlsx")
    back = _add(acts, "import", "立即收回改好的规则工作簿；有一处不对就整本不生效，退出码为 1", _office_import)
    back.add_argument("file", type=Path, metavar="文件", help="改好的工作簿")


def _init(typed: Arguments) -> int:
    from orchestration.office_commands import init

    facts = {"name": typed.name, "province": typed.province, "city": typed.city, "chains": typed.chains}
    return init(typed.facts, facts, typed.chains_file)


def _office_check(typed: Arguments) -> int:
    from orchestration.office_commands import check

    return check(typed.all)


def _office_upgrade(typed: Arguments) -> int:
    from orchestration.office_commands import upgrade

    return upgrade()


def _office_export(typed: Arguments) -> int:
    from orchestration.office_commands import export_workbook

    return export_workbook(typed.file)


def _office_import(typed: Arguments) -> int:
    from orchestration.office_commands import import_workbook

    return import_workbook(typed.file)


# --- desk (办公桌) ------------------------------------------------------------------------------------------------------


def _add_desk(commands: Subcommands) -> None:
    desk = commands.add_parser(
        "desk", help="办公桌：网页、账号、提醒、审计", description="办公桌：网页、账号、提醒、审计"
    )
    acts = commands_of(desk)
    serve = _add(acts, "serve", "启动网页，默认只在本机", _serve)
    serve.add_argument("--host", default="127.0.0.1", metavar="地址", help="默认 127.0.0.1，只有本机能打开")
    serve.add_argument("--port", type=port, default=8000, metavar="端口", help="默认 8000")
    admin = _add(acts, "admin", "建立系统管理员，打印一次性密码", _admin)
    admin.add_argument("login", metavar="账号", help="登录名；已有的管理员得到新的一次性密码")
    notify = _add(acts, "notify", "把当前名单的摘要发到企业微信和邮箱（ZEYOU_HOME/desk/notices.yaml）", _notify)
    notify.add_argument("--dry-run", action="store_true", help="只打印，不写入发件箱，不发送")
    _add(acts, "verify-audit", "核对审计链", _verify_audit)
    _add(acts, "check-static", "核对静态文件与 SHA256SUMS", _check_static)
    for place in (acts, commands):
        scan = _add(place, "scan", "承诺审查：查文本中的红线，含须停止的内容时退出码为 1", _scan)
        scan.add_argument("file", metavar="文件", help="UTF-8 文本文件，- 为标准输入")
        scan.add_argument("--day", type=day, metavar="日期", help="按哪一天有效的规则，默认今天（北京时间）")
        scan.add_argument("--json", action="store_true", help="逐行审查，每行输出一个 JSON")
        scan.add_argument(
            "--as-policy", action="store_true", help="逐行作为其余各列齐全的政策条款核验，每行输出一个 JSON"
        )


def _serve(typed: Arguments) -> int:
    from orchestration.serving import serve_desk

    return serve_desk(typed.host, typed.port)


def _admin(typed: Arguments) -> int:
    from desk.commands import add_administrator
    from desk.settings import DeskSettings

    return add_administrator(DeskSettings.from_environment(), typed.login)


def _notify(typed: Arguments) -> int:
    from desk.commands import notify
    from desk.settings import DeskSettings

    return notify(DeskSettings.from_environment(), typed.dry_run)


def _verify_audit(typed: Arguments) -> int:
    from desk.commands import verify_audit
    from desk.settings import DeskSettings

    return verify_audit(DeskSettings.from_environment())


def _check_static(typed: Arguments) -> int:
    from desk.commands import check_static

    return check_static()


def _scan(typed: Arguments) -> int:
    from desk.commands import scan
    from orchestration.settings import office_today

    return scan(typed.file, typed.day or office_today(), typed.json, typed.as_policy)


# --- ledgers (台账) -----------------------------------------------------------------------------------------------------


def _add_ledgers(commands: Subcommands) -> None:
    contract = "台账约定的名字，如 leads"
    read = _add(commands, "read", "按约定读一个文件，写出接收和拒收的行；--learn 确认没见过的版式", _read)
    read.add_argument("file", type=Path, metavar="文件", help="工作簿（.xlsx、.xls、.csv），名录用 .parquet 或 .csv")
    read.add_argument("--contract", metavar="约定", help=f"{contract}；写出结果时必写，确认版式时可不写")
    read.add_argument("--out", type=Path, metavar="文件夹", help="结果写到哪里；确认版式时可不写")
    read.add_argument(
        "--learn",
        action="store_true",
        help="逐列看一遍这个文件像什么，回车确认，以后同样表头照此读取；没有确认时退出码为 7",
    )
    fill = _add(commands, "fill", "用当前清单的线索填上级发的空白表（.xlsx）；没见过的表先确认各列", _fill)
    fill.add_argument("file", type=Path, metavar="空白表", help="上级发的空白工作簿")
    fill.add_argument("--out", type=Path, required=True, metavar="文件", help="填好的表写到哪里（.xlsx）")
    fill.add_argument("--unit", metavar="单位", help="只填这个单位的；不写则全部")
    explain = _add(commands, "explain", "说明会从一个文件里读出什么，为什么", _explain)
    explain.add_argument("file", type=Path, metavar="文件", help="要看的工作簿")
    explain.add_argument("--contract", metavar="约定", help=f"{contract}；不写则按表头认")
    template = _add(commands, "template", "写出一个台账约定的填报模板", _template)
    template.add_argument("contract", metavar="约定", help=contract)
    template.add_argument("--out", type=Path, required=True, metavar="文件", help="模板写到哪里（.xlsx）")
    match = _add(commands, "match", "找出哪些行是同一家企业", _match)
    match.add_argument(
        "file",
        type=Path,
        metavar="文件",
        help="Parquet：record_id、name，以及可有的 uscc、city、legal_person、phone、address、aliases",
    )
    match.add_argument("--out", type=Path, required=True, metavar="文件", help="结果写到哪里（.parquet）")
    match.add_argument(
        "--crosswalk", type=Path, metavar="文件", help="编号对照（Parquet），使企业编号夜夜不变；没有则新建"
    )
    match.add_argument(
        "--decisions",
        type=Path,
        metavar="文件",
        help="人工决定台账：record_id、other_id、verdict、decided_by、decided_date",
    )
    graph = _add(commands, "chain-graph", "读入上市公司产业链图谱，按写明的规则清洗", _chain_graph)
    graph.add_argument(
        "folder",
        type=Path,
        metavar="文件夹",
        help="放四张表的文件夹：company、company_product、company_industry、product_product",
    )
    graph.add_argument("--home", type=Path, metavar="文件夹", help="数据目录，默认 ZEYOU_HOME；下一次运行即用")
    sample = _add(commands, "sample", "写出一个虚构的区（合成数据）", _sample)
    sample.add_argument("--out", type=Path, required=True, metavar="文件夹", help="写到哪里")
    sample.add_argument("--leads", type=count, default=3000, metavar="条数", help="线索多少条，默认 3000")
    sample.add_argument("--register", type=count, default=200_000, metavar="家数", help="名录多少家，默认 200000")
    sample.add_argument("--seed", type=count, default=7, metavar="种子", help="同一种子写出同样的数据，默认 7")
    sample.add_argument(
        "--as-of", type=day, default=dt.date(2026, 6, 30), metavar="日期", help="截至日，默认 2026-06-30"
    )


def _read(typed: Arguments) -> int:
    from intake.commands import learn, read
    from orchestration.endings import Refused
    from orchestration.settings import Settings

    settings = Settings.from_environment()
    if typed.learn:
        from orchestration.ledger_layouts import signed

        code = learn(typed.file, typed.contract, settings.office_folder, settings.home, signed())
        if code or not (typed.contract and typed.out):
            return code
    elif not (typed.contract and typed.out):
        raise Refused("请写 --contract 约定 和 --out 文件夹；只想确认版式就写 --learn")
    return read(typed.file, typed.contract, typed.out, settings.office_folder, settings.home)


def _fill(typed: Arguments) -> int:
    from intake.commands import fill
    from orchestration.ledger_layouts import leads_to_fill, signed
    from orchestration.settings import Settings

    settings = Settings.from_environment()
    return fill(typed.file, typed.out, leads_to_fill(settings, typed.unit), settings.office_folder, signed())


def _explain(typed: Arguments) -> int:
    from intake.commands import explain
    from orchestration.settings import Settings

    return explain(typed.file, typed.contract, Settings.from_environment().office_folder)


def _template(typed: Arguments) -> int:
    from intake.commands import template

    return template(typed.contract, typed.out)


def _match(typed: Arguments) -> int:
    from intake.commands import match

    return match(typed.file, typed.out, typed.crosswalk, typed.decisions)


def _chain_graph(typed: Arguments) -> int:
    from intake.commands import chain_graph
    from orchestration.settings import home_from_environment

    return chain_graph(typed.folder, typed.home or home_from_environment())


def _sample(typed: Arguments) -> int:
    from sample.commands import sample

    return sample(typed.out, typed.leads, typed.register, typed.seed, typed.as_of)


# --- models (模型) ------------------------------------------------------------------------------------------------------


def _add_models(commands: Subcommands) -> None:
    score = _add(
        commands, "score", "用在用的模型给任意一份特征表评分，每行附原因（百万行以上也可以）", _score, is_night=True
    )
    score.add_argument("features", type=Path, metavar="文件", help="特征表（.parquet），列名同 features/ftr_lead__12m")
    score.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="文件",
        help="结果文件（.parquet）：键、各部分的分值、影响最大的三个原因",
    )
    score.add_argument(
        "--key",
        nargs="+",
        default=["lead_id", "as_of_date"],
        metavar="列",
        help="带进结果的列，默认 lead_id as_of_date",
    )
    score.add_argument(
        "--part", nargs="+", default=["landing", "tax"], metavar="部分", help="评哪些部分，默认 landing tax"
    )
    retrain = _add(commands, "retrain", "立即训练候选模型，与在用模型比较", _retrain, is_night=True)
    retrain.add_argument("--as-of", type=day, metavar="日期", help="截至日，默认当前清单的截至日")
    back = _add(commands, "revert", "退回模型的上一个版本，并重新评分发布", _revert, is_night=True)
    back.add_argument("task", choices=["landing", "tax"], help="landing 落地，tax 税收")
    back.add_argument("--no-rescoring", action="store_true", help="只退回，名单到下一次夜间运行才变")
    weights = _add(commands, "what-if", "权重改动会怎样：保存之前先看名次变化", _what_if, is_night=True)
    weights.add_argument("file", type=Path, metavar="文件", help="改好的权重文件（格式同本区设置的 weights.yaml）")
    weights.add_argument("--top", type=count, default=20, metavar="名数", help="列出新名单的前多少名，默认 20")


def _score(typed: Arguments) -> int:
    from orchestration.commands import score

    return score(typed.features, typed.out, typed.key, typed.part)


def _retrain(typed: Arguments) -> int:
    from orchestration.commands import retrain

    return retrain(typed.as_of)


def _revert(typed: Arguments) -> int:
    from orchestration.commands import revert

    return revert(typed.task, not typed.no_rescoring)


def _what_if(typed: Arguments) -> int:
    from orchestration.commands import what_if

    return what_if(typed.file, typed.top)


# --- operations (运维) --------------------------------------------------------------------------------------------------


def _add_operations(commands: Subcommands) -> None:
    doctor = _add(commands, "doctor", "体检：机器、数据、夜间作业、办公桌、备份逐项检查，有不行的退出码为 1", _doctor)
    doctor.add_argument("--json", action="store_true", help="输出 JSON，供别的程序读")
    backup = _add(commands, "backup", "备份到 ZEYOU_BACKUP（加密；不设则在数据目录下）", _backup)
    backup.add_argument(
        "--wait", type=count, default=60, metavar="分钟", help="有作业在运行时最多等多久，默认 60；到时仍备份"
    )
    backup.add_argument("--rehearse", action="store_true", help="不备份，而是把最新的一份试着恢复一遍，核对后删掉")
    restore = _add(commands, "restore", "把备份恢复到一个空的文件夹，并逐项核对", _restore)
    restore.add_argument("--to", type=Path, required=True, metavar="文件夹", help="恢复到哪里；须是空的或还没有的")
    restore.add_argument("--from", dest="source", default="", metavar="位置", help="备份在哪里，默认 ZEYOU_BACKUP")
    restore.add_argument(
        "--password-file", type=Path, metavar="文件", help="备份的密码文件，默认在数据目录的 secrets/backup.password"
    )
    restore.add_argument("--snapshot", default="latest", metavar="编号", help="哪一份，默认最新的")
    restore.add_argument(
        "--database-url", default="", metavar="地址", help="办公桌用 PostgreSQL 时，恢复到哪个空的数据库"
    )
    install = _add(commands, "install", "装成服务：写出 systemd 单元和设置文件，定时默认打开", _install)
    install.add_argument("--user", default="zeyou", metavar="用户", help="服务以哪个用户运行，默认 zeyou")
    install.add_argument(
        "--to",
        type=Path,
        default=Path("/etc/systemd/system"),
        metavar="文件夹",
        help="单元写到哪里，默认 /etc/systemd/system",
    )
    install.add_argument(
        "--settings", type=Path, default=Path("/etc/zeyou"), metavar="文件夹", help="设置写到哪里，默认 /etc/zeyou"
    )
    install.add_argument("--start", action="store_true", help="写好后启动，并随开机启动")
    _add(commands, "alert", "值守提醒：失败、迟到、备份没做、磁盘不足，写入发件箱并发出", _alert)


def _install(typed: Arguments) -> int:
    from orchestration.operations.commands import install

    return install(typed.user, typed.to, typed.settings, typed.start)


def _alert(_typed: Arguments) -> int:
    from orchestration.operations.commands import alert

    return alert()


def _doctor(typed: Arguments) -> int:
    from orchestration.operations.commands import doctor

    return doctor(typed.json)


def _backup(typed: Arguments) -> int:
    from orchestration.operations.commands import backup

    return backup(typed.wait, typed.rehearse)


def _restore(typed: Arguments) -> int:
    from orchestration.operations.commands import restore

    return restore(typed.to, typed.source, typed.password_file, typed.snapshot, typed.database_url)
