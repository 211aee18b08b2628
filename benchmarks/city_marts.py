"""All marts and boards of a day on a fictional city, beside the same queries run by hand; and the pack of documents beside its libraries.

One `dbt build` as orchestration runs it (parsed before, like there), with its tests and without, against the compiled queries of that
build executed one after another in plain DuckDB with the same settings: seeds are given, nothing is tested or exported. The pack is
written by the code of the nightly job and timed beside each library call in it; PDF and PNG are typst's, Word docxtpl's, Excel XlsxWriter's.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.city import AS_OF, CitySize, land_district, make_city
from benchmarks.measure import Measured, measure, table
from office import DEFAULTS, District
from orchestration.resources import DBT_EXECUTABLE, DBT_FOLDER, dbt_environment

ROOT = Path(__file__).parents[1]
# With everything below them: staging, intermediate models and the marts of leads.
MARTS = (
    "+path:models/marts/funnel +path:models/marts/task +path:models/marts/unit +path:models/marts/assessment"
    " +path:models/marts/outcome +path:models/boards"
)
WITHOUT_TESTS = ("--exclude-resource-type", "test")
SLOWEST = 10
FICTIONAL = District(name="云川区", province="山东省", city="云川市", is_fictional=True)
SETTINGS = {"memory_limit": "1200MB", "threads": 2, "preserve_insertion_order": True}  # of profiles.yml


def _spent(command: list[str], environment: dict[str, str] | None, cwd: Path) -> tuple[Measured, float]:
    """Run a command; give also its processor seconds, which other work on the machine disturbs less."""
    before = os.times()
    found = measure(command, environment, cwd)
    after = os.times()
    return found, after.children_user + after.children_system - before.children_user - before.children_system


def dbt(home: Path, verb: str, *arguments: str) -> tuple[Measured, float]:
    """Run a dbt command on a home as orchestration does."""
    places = ["--project-dir", str(DBT_FOLDER), "--profiles-dir", str(DBT_FOLDER)]
    command = [str(DBT_EXECUTABLE), "--quiet", verb, *places, *arguments]
    return _spent(command, dbt_environment(home, home / "dbt", AS_OF.isoformat(), FICTIONAL), DBT_FOLDER)


def results(home: Path) -> list[dict[str, Any]]:
    """Give what the last build ran, in the order in which it was done."""
    found: list[dict[str, Any]] = json.loads((home / "dbt/run_results.json").read_text(encoding="utf-8"))["results"]
    return found


def _is(kind: str, result: dict[str, Any]) -> bool:
    return str(result["unique_id"]).startswith(f"{kind}.")


def by_hand(home: Path) -> None:
    """Execute the queries of the last build one after another; write what they took to by_hand.json."""
    manifest = json.loads((home / "dbt/manifest.json").read_text(encoding="utf-8"))["nodes"]
    (home / "by_hand").mkdir()
    seconds, processor = {}, 0.0
    config = {**SETTINGS, "temp_directory": str(home / "by_hand/spill")}
    with duckdb.connect(home / "by_hand/warehouse.duckdb", config=config) as connection:
        connection.execute("set enable_progress_bar = false")
        connection.execute(f"attach '{home / 'warehouse/warehouse.duckdb'}' as built (read_only)")
        done = results(home)
        for schema in {
            manifest[r["unique_id"]]["schema"] for r in done if not _is("test", r) and not _is("operation", r)
        }:
            connection.execute(f"create schema if not exists {schema}")
        for result in done:
            node = manifest.get(result["unique_id"], {})
            if _is("seed", result):
                name = f"{node['schema']}.{node['alias']}"
                connection.execute(f"create table {name} as from built.{name}")
            elif _is("model", result):
                kind = "view" if node["config"]["materialized"] == "view" else "table"
                started, used = time.perf_counter(), time.process_time()
                connection.execute(f"create {kind} {node['relation_name']} as {result['compiled_code']}")
                seconds[node["name"]] = time.perf_counter() - started
                processor += time.process_time() - used
    told = {"seconds": seconds, "processor": processor}
    (home / "by_hand.json").write_text(json.dumps(told), encoding="utf-8")


# --- the pack -------------------------------------------------------------------------------------------------------


def _timed(owner: Any, name: str, label: str, spent: dict[str, float]) -> None:
    """Add up what calls of a function take, under a label."""
    called: Callable[..., Any] = getattr(owner, name)

    def timing(*arguments: Any, **named: Any) -> Any:
        started = time.perf_counter()
        try:
            return called(*arguments, **named)
        finally:
            spent[label] += time.perf_counter() - started

    setattr(owner, name, timing)


def pack(home: Path) -> None:
    """Make the pack of the month and the wall chart of the day; write seconds by library call to pack.json."""
    import docxtpl
    import pandas as pd
    import typst

    from publishing.documents import (
        Correction,
        Month,
        chart_content,
        dispatch_figures,
        freeze,
        issued,
        write_dispatch_pack,
        write_project_pages,
        write_wall_chart,
    )  # fmt: skip
    from publishing.documents.dispatch import READINGS as PACK
    from publishing.documents.dispatch_template import write_dispatch_template
    from publishing.documents.project_pages import READINGS as PAGES
    from publishing.documents.wall_chart import READINGS as CHART
    from publishing.figures import stems

    spent: dict[str, float] = defaultdict(float)
    _timed(docxtpl.DocxTemplate, "render", "Word: docxtpl", spent)
    _timed(docxtpl.DocxTemplate, "save", "Word: docxtpl", spent)
    _timed(issued, "_write_excel", "Excel: XlsxWriter", spent)
    compile_ = typst.compile

    def typeset(layout: Any, **named: Any) -> Any:
        started = time.perf_counter()
        made = compile_(layout, **named)
        spent[f"{'PNG' if named.get('format') == 'png' else 'PDF'}: typst {Path(layout).stem}"] += (
            time.perf_counter() - started
        )
        return made

    typst.compile = typeset
    exports, folder = home / "exports", home / "documents"
    template = folder / "模板/调度材料.docx"
    write_dispatch_template(template)  # the office's, written once
    steps: dict[str, float] = {}
    started = time.perf_counter()
    frames = {name: pd.read_parquet(exports / f"boards/{name}.parquet") for name in stems((*PACK, *PAGES))}
    steps["read"] = time.perf_counter() - started
    rules = pd.read_csv(DEFAULTS / "dispatch_rules.csv")
    month = Month(AS_OF.year, AS_OF.month)
    figures = dispatch_figures(month, AS_OF, frames, rules, is_synthetic=True)
    steps["figures"] = time.perf_counter() - started
    pages = folder / f"项目一页_{month}.pdf"
    write_project_pages(pages, frames, AS_OF, True)
    steps["pages"] = time.perf_counter() - started
    files = (*write_dispatch_pack(folder, figures, template), pages)
    steps["pack"] = time.perf_counter() - started
    freeze(folder, "调度材料", str(month), files, AS_OF, Correction("", "", ""), {"snapshot": "city"})
    whole = time.perf_counter() - started
    steps["freeze"] = whole
    found = {"pack": whole, "libraries": dict(spent), "steps": steps}
    chart: dict[str, float] = defaultdict(float)
    spent.clear()
    started = time.perf_counter()
    charted = {name: pd.read_parquet(exports / f"boards/{name}.parquet") for name in stems(CHART)}
    write_wall_chart(folder / f"挂图作战_{AS_OF}.pdf", chart_content(charted, AS_OF, True))
    chart["chart"] = time.perf_counter() - started
    found |= {"chart": chart["chart"], "chart_libraries": dict(spent)}
    (home / "pack.json").write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")


CHILDREN = {"by_hand": by_hand, "pack": pack}


def _child(name: str, home: Path) -> Measured:
    return measure([sys.executable, "-m", "benchmarks.city_marts", "--child", name, str(home)], cwd=ROOT)


def builds(home: Path) -> None:
    """Print the build with tests, without, and by hand, and the slowest models."""
    select = ("--indirect-selection", "cautious", "--select", *MARTS.split())
    (home / "warehouse").mkdir()
    dbt(home, "parse")
    without = dbt(home, "build", *WITHOUT_TESTS, *select)
    for path in (home / "warehouse").iterdir():
        path.unlink()
    whole = dbt(home, "build", *select)
    done = results(home)
    hand = _child("by_hand", home)
    by_hand_took = json.loads((home / "by_hand.json").read_text(encoding="utf-8"))
    seconds: dict[str, float] = by_hand_took["seconds"]
    models = {r["unique_id"].split(".")[2]: float(r["execution_time"]) for r in done if _is("model", r)}
    tests = [float(r["execution_time"]) for r in done if _is("test", r)]
    base, base_processor = sum(seconds.values()), float(by_hand_took["processor"])
    lines = [["marts and boards of a day", "seconds", "ratio", "limit", "processor s", "ratio", "peak MB"]]
    for name, wall, limit, processor, peak in (
        (f"peer: {len(seconds)} queries by hand", base, "", base_processor, hand.peak_mb),
        ("ours: dbt build without tests", without[0].seconds, "", without[1], without[0].peak_mb),
        (f"ours: dbt build with {len(tests)} tests", whole[0].seconds, "3.00", whole[1], whole[0].peak_mb),
    ):
        lines.append(
            [name, f"{wall:.1f}", f"{wall / base:.2f}", limit, f"{processor:.1f}", f"{processor / base_processor:.2f}", f"{peak:,.0f}"]
        )  # fmt: skip
    print(table(lines))
    print(
        f"the tests' own queries: {sum(tests):.1f} s; those of the models under dbt, two at a time: {sum(models.values()):.1f} s\n"
    )
    slow = sorted(models, key=lambda name: -models[name])[:SLOWEST]
    print(
        table([["slowest models", "dbt s", "by hand s"], *([n, f"{models[n]:.1f}", f"{seconds[n]:.1f}"] for n in slow)])
    )


def documents(home: Path) -> None:
    """Print the pack beside each library call in it."""
    made = _child("pack", home)
    found: dict[str, Any] = json.loads((home / "pack.json").read_text(encoding="utf-8"))
    lines = [["documents", "seconds", "ratio", "limit"]]
    for name, parts in (("pack", "libraries"), ("chart", "chart_libraries")):
        spent: dict[str, float] = found[parts]
        slowest = max(spent.values())
        for label in sorted(spent, key=lambda key: -spent[key]):
            lines.append([f"peer: {label}", f"{spent[label]:.2f}", f"{spent[label] / slowest:.2f}", ""])
        called = "monthly pack" if name == "pack" else "wall chart"
        lines.append([f"ours: {called}", f"{found[name]:.2f}", f"{found[name] / slowest:.2f}", "1.20"])
    print(table(lines))
    print("ours, seconds up to the end of each step:", {name: round(at, 2) for name, at in found["steps"].items()})
    print(f"peak {made.peak_mb:,.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    size = CitySize()
    parser.add_argument("--units", type=int, default=size.units)
    parser.add_argument("--projects", type=int, default=size.projects)
    parser.add_argument("--follow-ups", type=int, default=size.follow_ups)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        CHILDREN[given.child[0]](Path(given.child[1]))
        return
    size = CitySize(given.units, given.projects, given.follow_ups)
    with tempfile.TemporaryDirectory() as folder:
        place, started = Path(folder), time.perf_counter()
        land_district(place / "district")
        make_city(place / "district", place / "city", size)
        print(
            f"{size.units:,} units, {size.projects:,} projects, {size.follow_ups:,} follow-ups, made in"
            f" {time.perf_counter() - started:.0f} s; load of the machine {os.getloadavg()[0]:.1f}\n",
            flush=True,
        )
        builds(place / "city")
        print(flush=True)
        documents(place / "city")


if __name__ == "__main__":
    main()
