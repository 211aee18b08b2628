"""The desk under load (办公桌的负载): a list, a search, a lead's page, an answer at 50 requests a second; and a download.

Run `python -m benchmarks.desk_load [leads] [seconds]`. The desk runs as in service (`zeyou desk serve`) on 100,000 leads and 200
recruiters; this process asks. Requests have a time each, fixed beforehand, and waiting for a late answer counts (open loop).
Target: p95 under 150 ms for every kind, no error, on SQLite and on PostgreSQL (Debian's, fsync on). A view of 10,000 rows as a
workbook is compared with XlsxWriter alone writing the same cells in the same formats. Target: 1.5 times.
"""

from __future__ import annotations

import datetime as dt
import http.client
import os
import queue
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import numpy as np
import openpyxl
import pandas as pd
import xlsxwriter

from benchmarks.measure import table
from desk.application import build_app
from desk.forms.writing import LIST
from desk.login import COOKIE, open_session
from desk.settings import DeskSettings
from desk.store.database import writing
from desk.store.models import Person, Session
from tests.integration.desk.desk_site import publish_list, ranking
from tests.integration.desk.postgres_server import programs, running_postgres

RATE, PEOPLE, UNITS, ASKERS = 50, 200, 10, 32
SHARES = {"list": 0.40, "search": 0.15, "lead page": 0.30, "answer": 0.15}
WORDS = ("膜材料", "云川", "ycc", "xm", "材料项目1", "10号", "91110000802100433B", "cxclyxgs")
# As many reasons a lead as the nightly job gives.
REASONS = ("investment_wan_cny", "in_person_count_90d", "land_mu", "industry_section", "key_node", "local_neighbours")


@dataclass(frozen=True)
class Recruiter:
    """One signed-in browser, with leads of the own unit."""

    cookie: str
    form_token: str
    leads: list[str]


def list_of(as_of: dt.date, leads: int, shift: int) -> pd.DataFrame:
    """Invent a list over the units with a dozen reasons a lead and all four bands."""
    frame = ranking(as_of, leads, shift)
    numbers = frame["lead_id"].str[1:].astype(int)
    frame["unit_name"] = [f"第{n % UNITS}镇" for n in numbers]
    frame["enterprise_name"] = [f"云川{n % (leads * 2 // 5 + 1)}号材料有限公司" for n in numbers]
    frame["band"] = np.array(["A", "B", "C", "D"])[np.minimum(np.arange(leads) * 4 // max(leads, 1), 3)]
    more = [
        [
            {"part": "landing", "term": term, "label": f"理由{at}", "value": f"{(n * (at + 3)) % 97}", "contribution": 0.1,
             "points": 1.5 - at * 0.2}
            for at, term in enumerate(REASONS)
        ]
        for n in range(100)
    ]  # fmt: skip
    frame["reasons"] = [[*r, *more[n % 100]] for r, n in zip(frame["reasons"], numbers, strict=True)]
    return frame


def staff(home: Path, url: str, frame: pd.DataFrame) -> list[Recruiter]:
    """Make the recruiters and sign them in."""
    app = build_app(DeskSettings(home, url))
    desk, now, found = app.state.desk, dt.datetime.now(dt.UTC), []
    leads = {unit: list(rows) for unit, rows in frame.groupby("unit_name")["lead_id"]}
    with desk.sessions() as session:
        writing(session)
        for number in range(PEOPLE):
            unit = f"第{number % UNITS}镇"
            person = Person(login=f"r{number}", person_name=f"专员{number}", role="recruiter", unit_name=unit,
                            must_change_password=False, created_at=now)  # fmt: skip
            session.add(person)
            session.flush()
            token = open_session(session, person, now, "password")
            session.flush()
            form = session.query(Session.form_token).filter_by(person_id=person.person_id).scalar() or ""
            found.append(Recruiter(f"{COOKIE}={token}", form, leads[unit]))
        session.commit()
    desk.engine.dispose()
    return found


@contextmanager
def serving(home: Path, url: str) -> Iterator[int]:
    """Run the desk as in service and give its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {**os.environ, "ZEYOU_HOME": str(home), "DESK_DATABASE_URL": url}
    command = [sys.executable, "-m", "orchestration", "desk", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


def asked(kind: str, who: Recruiter, dice: random.Random) -> tuple[str, str, bytes | None]:
    """Give one request: method, address, body."""
    if kind == "list":
        return "GET", dice.choice(("/", "/", f"/?band={dice.choice('ABCD')}", "/?only=moved")), None
    if kind == "search":
        return "GET", f"/?q={quote(dice.choice(WORDS))}", None
    lead = dice.choice(who.leads)
    if kind == "lead page":
        return "GET", f"/lead?id={lead}", None
    form = {
        "form_token": who.form_token, "lead_id": lead, "word": "有意向", "client_id": uuid.UUID(int=dice.getrandbits(128)).hex,
    }  # fmt: skip
    return "POST", "/answers", urlencode(form).encode()


def load(port: int, people: list[Recruiter], seconds: int, seed: int) -> tuple[dict[str, list[float]], list[str]]:
    """Ask at a fixed rate; give milliseconds by kind from when each request was due, and what went wrong."""
    dice = random.Random(seed)
    due: queue.Queue[tuple[float, str, Recruiter, tuple[str, str, bytes | None]] | None] = queue.Queue()
    taken: dict[str, list[float]] = defaultdict(list)
    wrong: list[str] = []

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while (job := due.get()) is not None:
            at, kind, who, (method, address, body) = job
            headers = {"cookie": who.cookie, "content-type": "application/x-www-form-urlencoded", "hx-request": "true"}
            if kind != "answer":
                del headers["content-type"], headers["hx-request"]
            try:
                connection.request(method, address, body, headers)
                answer = connection.getresponse()
                content = answer.read()
                # Two people of a unit may answer one lead: the second is told of the first.
                good = (answer.status == 200 and len(content) > 1000) or (kind == "answer" and answer.status == 409)
                if not good:
                    wrong.append(f"{kind} {address} {answer.status}")
            except OSError as error:
                wrong.append(f"{kind} {address} {error}")
                connection.close()
            taken[kind].append((time.perf_counter() - at) * 1000)

    askers = [threading.Thread(target=ask) for _ in range(ASKERS)]
    for asker in askers:
        asker.start()
    kinds = dice.choices(list(SHARES), list(SHARES.values()), k=seconds * RATE)
    started = time.perf_counter() + 0.5
    for number, kind in enumerate(kinds):
        who = dice.choice(people)
        job = (started + number / RATE, kind, who, asked(kind, who, dice))
        time.sleep(max(0.0, job[0] - time.perf_counter()))
        due.put(job)
    for _ in askers:
        due.put(None)
    for asker in askers:
        asker.join()
    return taken, wrong


def under_load(home: Path, url: str, name: str, frame: pd.DataFrame, seconds: int) -> list[list[str]]:
    """Give the rows of the table for one database."""
    people = staff(home, url, frame)
    with serving(home, url) as port:
        started = time.perf_counter()
        load(port, people, 1, 1)
        first = time.perf_counter() - started
        load(port, people, 5, 2)
        taken, wrong = load(port, people, seconds, 3)
    print(
        f"{name}: the first second of requests, with reading the list: {first:.1f} s; errors: {len(wrong)} {wrong[:3]}"
    )
    rows = []
    for kind in SHARES:
        found = taken[kind]
        p50, p95, p99 = np.percentile(found, (50, 95, 99))
        rows.append(
            [f"{name} {kind}", f"{len(found):,}", f"{p50:.0f}", f"{p95:.0f}", f"{p99:.0f}", f"{max(found):.0f}"]
        )
    return rows


def written_alone(path: Path, rows: list[list[Any]]) -> None:
    """Write the same cells in the same formats with XlsxWriter and nothing else."""
    kinds = [kind for _, _, kind, _ in LIST]
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        base = {"font_name": "Microsoft YaHei", "font_size": 10, "valign": "vcenter"}
        look = {"text": "@", "count": "0", "share": "0.0%", "money": "#,##0.0", "score": "0.0", "date": "yyyy-mm-dd"}
        formats = {kind: book.add_format({**base, "num_format": form}) for kind, form in look.items()}
        by_column = [formats[kinds[at]] if at < len(kinds) else formats["text"] for at in range(len(rows[0]))]
        sheet = book.add_worksheet("名单")
        for at, row in enumerate(rows):
            for column, value in enumerate(row):
                if value is None:
                    continue
                form = by_column[column]
                if isinstance(value, str):
                    sheet.write_string(at, column, value, form)
                elif isinstance(value, dt.date):
                    sheet.write_datetime(at, column, value, form)
                else:
                    sheet.write_number(at, column, value, form)


def download(home: Path, url: str, people: list[Recruiter]) -> list[list[str]]:
    """Time the download of a view of a whole unit, and XlsxWriter writing its cells; the faster of three each."""
    ours, alone = [], []
    with serving(home, url) as port, tempfile.TemporaryDirectory() as folder:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        for _ in range(4):
            started = time.perf_counter()
            connection.request("GET", "/download?view=list&only=ranked", headers={"cookie": people[0].cookie})
            answer = connection.getresponse()
            content = answer.read()
            assert answer.status == 200, answer.status
            ours.append(time.perf_counter() - started)
        path = Path(folder) / "ours.xlsx"
        path.write_bytes(content)
        book = openpyxl.load_workbook(path, read_only=True)
        rows = [list(row) for row in book["名单"].iter_rows(values_only=True)]
        for _ in range(3):
            started = time.perf_counter()
            written_alone(Path(folder) / "alone.xlsx", rows)
            alone.append(time.perf_counter() - started)
    ratio = min(ours[1:]) / min(alone)
    return [
        ["peer: XlsxWriter alone", f"{len(rows) - 1:,}", f"{min(alone):.2f}", "1.00", ""],
        ["ours: download by page", f"{len(rows) - 1:,}", f"{min(ours[1:]):.2f}", f"{ratio:.2f}", "1.50"],
    ]


def main() -> None:
    leads = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    today = dt.datetime.now(dt.UTC).date()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        publish_list(home, today - dt.timedelta(days=1), frame=list_of(today, leads, 1))
        frame = list_of(today, leads, 0)
        publish_list(home, today, frame=frame)
        print(
            f"{leads:,} leads, {PEOPLE} recruiters of {UNITS} units, {RATE} requests a second for {seconds} s, ms; target p95 150"
        )
        rows = [["database and request", "count", "p50", "p95", "p99", "max"]]
        url = f"sqlite:///{home / 'load.sqlite'}"
        rows += under_load(home, url, "SQLite", frame, seconds)
        if programs() is None:
            print("PostgreSQL: not found, not measured")
        else:
            with running_postgres(fsync="on") as address:
                rows += under_load(home, address, "PostgreSQL", frame, seconds)
        print(table(rows))
        url = f"sqlite:///{home / 'download.sqlite'}"
        print(
            table(
                [
                    ["a view as a workbook", "rows", "seconds", "ratio", "limit"],
                    *download(home, url, staff(home, url, frame)),
                ]
            )
        )


if __name__ == "__main__":
    main()
