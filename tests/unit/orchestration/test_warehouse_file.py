"""The warehouse file before dbt opens it: broken ones are set aside, held ones named, good ones left alone."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import yaml

from orchestration.endings import Refused
from orchestration.resources import DBT_FOLDER
from orchestration.warehouse import BROKEN_KEPT, make_ready, set_aside, warehouse_path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a warehouse of some blocks."""
    path = warehouse_path(tmp_path)
    path.parent.mkdir()
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table facts as select range as n, md5(range::varchar) as text from range(200000)")
    return tmp_path


def cut(share: float) -> Callable[[bytes], bytes]:
    return lambda raw: raw[: int(len(raw) * share)]


def noise(seed: int) -> Callable[[bytes], bytes]:
    def spoil(raw: bytes) -> bytes:
        draw, spoiled = random.Random(seed), bytearray(raw)
        for _ in range(5000):
            spoiled[draw.randrange(len(raw))] ^= draw.randrange(1, 256)
        return bytes(spoiled)

    return spoil


def of_another_version(raw: bytes) -> bytes:
    """DuckDB keeps the number of its storage format after the checksum and the letters DUCK."""
    return raw[:12] + (999).to_bytes(8, "little") + raw[20:]


BROKEN = [
    *(cut(share) for share in (0, 0.001, 0.1, 0.5, 0.9)),
    *(noise(seed) for seed in range(4)),
    lambda raw: random.Random(1).randbytes(100_000),
    lambda raw: b"\0" * len(raw),
    lambda raw: "这不是数据库".encode() * 1000,
    of_another_version,
]


@pytest.mark.parametrize("spoil", BROKEN)
def test_a_broken_file_is_set_aside_and_said_in_one_line(home: Path, spoil: Callable[[bytes], bytes]) -> None:
    path, said = warehouse_path(home), list[str]()
    path.write_bytes(spoil(path.read_bytes()))
    make_ready(home, said.append)
    assert not path.exists()
    (kept,) = path.parent.iterdir()
    (line,) = said
    assert str(kept) in line and "重建" in line


def test_a_folder_in_its_place_is_set_aside(home: Path) -> None:
    path = warehouse_path(home)
    path.unlink()
    path.mkdir()
    make_ready(home, lambda line: None)
    assert not path.exists()


def test_a_good_one_is_left_alone(home: Path) -> None:
    said: list[str] = []
    before = warehouse_path(home).read_bytes()
    make_ready(home, said.append)
    assert said == [] and warehouse_path(home).read_bytes() == before
    make_ready(home / "nobody", said.append)
    assert said == []


def test_only_the_last_broken_ones_are_kept_and_their_logs_with_them(home: Path) -> None:
    path = warehouse_path(home)
    for number in range(BROKEN_KEPT + 3):
        path.write_bytes(b"%d" % number)
        path.with_name(path.name + ".wal").write_bytes(b"wal")
        set_aside(home, lambda line: None)
    kept = sorted(p for p in path.parent.iterdir() if p.suffix != ".wal")
    assert [p.read_bytes() for p in kept] == [b"%d" % n for n in range(3, BROKEN_KEPT + 3)]
    assert len(list(path.parent.glob("*.wal"))) == BROKEN_KEPT


def test_whoever_holds_it_is_named_at_once_and_waited_for_shortly(home: Path) -> None:
    path, said = warehouse_path(home), list[str]()
    script = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(Refused) as refused:
            make_ready(home, said.append, seconds=0)
        with pytest.raises(Refused):
            make_ready(home, said.append, seconds=0.1)
        holder.communicate("")
    for line in (str(refused.value), *said):
        assert f"进程 {holder.pid}（python" in line
    assert len(said) == 1 and path.exists()
    make_ready(home, said.append, seconds=0)


def test_dbt_itself_tries_once() -> None:
    profile = yaml.safe_load(
        (DBT_FOLDER / "profiles.yml").read_text(encoding="utf-8").replace("{{", "").replace("}}", "")
    )
    assert "retries" not in profile["zeyou"]["outputs"]["local"]
