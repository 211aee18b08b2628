"""Command line of the intake: `read` or `explain` one file, `match` enterprises, write a `template` or the `sample` district.

Belongs here: arguments, the exit code, one Chinese line for what went wrong. Does not belong: reading.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from pathlib import Path

from intake.contract import ContractError, get_contract
from intake.landing import read_file
from intake.workbook import FileProblem


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _read(arguments: argparse.Namespace) -> None:
    summary = read_file(arguments.file, arguments.contract, arguments.out, _say)
    print(
        f"{arguments.file.name}：读入 {summary.read:,} 行 = 接收 {summary.accepted:,} + 拒收 {summary.refused:,} "
        f"+ 非数据 {summary.not_data:,}；结果在 {arguments.out}"
    )


def _explain(arguments: argparse.Namespace) -> None:
    from intake.explain import explain

    contract = get_contract(arguments.contract) if arguments.contract else None
    print("\n".join(explain(arguments.file, contract)))


def _template(arguments: argparse.Namespace) -> None:
    from intake.template import write_template

    contract = get_contract(arguments.contract)
    write_template(contract, arguments.out)
    print(f"“{contract.title}”的填报模板已写到 {arguments.out}")


def _sample(arguments: argparse.Namespace) -> None:
    from intake.sample import write_sample

    summary = write_sample(
        out=arguments.out,
        leads=arguments.leads,
        register=arguments.register,
        seed=arguments.seed,
        as_of=arguments.as_of,
        progress=_say,
    )
    print(f"合成数据已写到 {arguments.out}：{summary}")


def _match(arguments: argparse.Namespace) -> None:
    from intake.matching import match_file

    found = match_file(arguments.file, arguments.out, arguments.crosswalk, arguments.decisions, _say)
    print(f"{arguments.file.name}：{found.summary()}；结果在 {arguments.out}")


def _chain_graph(arguments: argparse.Namespace) -> None:
    from intake.chain_graph import FOLDER, load_chain_graph

    found = load_chain_graph(arguments.folder, arguments.home / FOLDER)
    print(f"上市公司产业链图谱：{found.said()}；结果在 {arguments.home / FOLDER}")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m intake", description="择优：读台账、说明读法、写模板，或写出虚构的云川区"
    )
    commands = parser.add_subparsers(required=True)
    read = commands.add_parser("read", help="按约定读一个文件")
    read.add_argument("file", type=Path)
    read.add_argument("--contract", required=True, help="台账约定的名字，如 leads")
    read.add_argument("--out", type=Path, required=True)
    read.set_defaults(run=_read)
    explained = commands.add_parser("explain", help="说明会从一个文件里读出什么，为什么")
    explained.add_argument("file", type=Path)
    explained.add_argument("--contract", help="台账约定的名字；不写则按表头认")
    explained.set_defaults(run=_explain)
    template = commands.add_parser("template", help="写出一个台账约定的填报模板")
    template.add_argument("contract", help="台账约定的名字，如 leads")
    template.add_argument("--out", type=Path, required=True)
    template.set_defaults(run=_template)
    match = commands.add_parser("match", help="找出哪些行是同一家企业")
    match.add_argument(
        "file", type=Path, help="Parquet：record_id、name，以及可有的 uscc、city、legal_person、phone、address、aliases"
    )
    match.add_argument("--out", type=Path, required=True)
    match.add_argument("--crosswalk", type=Path, help="编号对照（Parquet），使企业编号夜夜不变；没有则新建")
    match.add_argument(
        "--decisions", type=Path, help="人工决定台账：record_id、other_id、verdict、decided_by、decided_date"
    )
    match.set_defaults(run=_match)
    graph = commands.add_parser("chain-graph", help="读入上市公司产业链图谱，按写明的规则清洗")
    graph.add_argument(
        "folder", type=Path, help="放四张表的文件夹：company、company_product、company_industry、product_product"
    )
    graph.add_argument("--home", type=Path, required=True, help="数据目录（ZEYOU_HOME），下一次运行即用")
    graph.set_defaults(run=_chain_graph)
    sample = commands.add_parser("sample", help="写出一个虚构的区（合成数据）")
    sample.add_argument("--out", type=Path, required=True)
    sample.add_argument("--leads", type=int, default=3000)
    sample.add_argument("--register", type=int, default=200_000)
    sample.add_argument("--seed", type=int, default=7)
    sample.add_argument("--as-of", type=dt.date.fromisoformat, default=dt.date(2026, 6, 30))
    sample.set_defaults(run=_sample)
    arguments = parser.parse_args(argv)
    try:
        arguments.run(arguments)
    except (FileProblem, ContractError) as problem:
        _say(f"错误：{problem}")
        return 2
    except OSError as problem:
        _say(f"错误：{problem.filename}：读写失败（{problem.strerror}）；请检查路径、权限和磁盘空间")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
