"""Checks of the machine (机器): Python, packages, disk, memory, clock, fonts.

Belongs here: what would be the same for any program of this size. Does not belong here: the installation's folders (folders.py).
"""

from __future__ import annotations

import datetime as dt
import json
import locale
import os
import platform
import resource
import subprocess
import tomllib
from importlib import metadata
from typing import Final

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from orchestration.endings import free_space, shown_size, space_needed
from orchestration.operations.doctor.situation import Situation, Verdict, bad, ok, unknown, warn
from orchestration.register_limits import available_memory
from orchestration.settings import OFFICE_ZONE, REPOSITORY

LEAST_MEMORY: Final = 2 << 30  # peak of a night: 1.3 to 1.6 GB (docs/benchmarks.md)
ROOM_FOR_RUNS: Final = 3
LEAST_INODES: Final = 20_000
LEAST_FILES: Final = 1_024
CLOCK_SLACK: Final = dt.timedelta(minutes=5)
LOCK: Final = REPOSITORY / "requirements.lock"


def python_version(_situation: Situation) -> Verdict:
    """Compare Python with what the project asks for."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted, found = project["requires-python"], platform.python_version()
    if SpecifierSet(wanted).contains(found):
        return ok(f"Python {found}")
    return bad(f"Python {found} 不能用，需要 {wanted}", "安装合适的 Python，删除 .venv，再运行 make install")


def installed_versions(_situation: Situation) -> Verdict:
    """Compare the packages with the lock."""
    differing = []
    for line in LOCK.read_text(encoding="utf-8").splitlines():
        if "==" not in line or line.startswith((" ", "#")):
            continue
        wanted = Requirement(line.rstrip("\\ "))
        if wanted.marker and not wanted.marker.evaluate():
            continue
        try:
            found = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            differing.append(f"{wanted.name}（没有装）")
            continue
        if not wanted.specifier.contains(found, prereleases=True):
            differing.append(f"{wanted.name}（{found}）")
    if not differing:
        return ok("各依赖与 requirements.lock 一致")
    shown = "、".join(differing[:5]) + (f" 等 {len(differing)} 个" if len(differing) > 5 else "")
    return bad(f"与锁定的版本不同：{shown}", "运行 make install")


def disk_space(situation: Situation) -> Verdict:
    """Compare the free disk with what a run takes."""
    free, need = free_space(situation.home), space_needed(situation.home)
    line = f"{situation.home} 所在磁盘剩 {shown_size(free)}，运行一次约需 {shown_size(need)}"
    fix = "清理磁盘，或把 ZEYOU_HOME 移到更大的盘"
    if free < need:
        return bad(line, fix)
    return warn(line, fix) if free < ROOM_FOR_RUNS * need else ok(line)


def disk_inodes(situation: Situation) -> Verdict:
    """Count how many more files the disk takes."""
    place = next(p for p in (situation.home, *situation.home.parents) if p.exists())
    found = os.statvfs(place)
    if not found.f_files:
        return ok("磁盘的文件数不限")  # btrfs and others count none
    line = f"磁盘还能放 {found.f_favail:,} 个文件"
    return ok(line) if found.f_favail >= LEAST_INODES else bad(line, "清理磁盘上大量的小文件（df -i 可查）")


def memory(_situation: Situation) -> Verdict:
    """Compare the memory that is left with what a night takes."""
    free = available_memory()
    if free is None:
        return unknown("读不出可用内存")
    line = f"可用内存 {shown_size(free)}，夜间作业约需 {shown_size(LEAST_MEMORY)}"
    if free >= LEAST_MEMORY:
        return ok(line)
    fix = "关闭别的程序，或增加内存"
    return bad(line, fix) if free < LEAST_MEMORY // 2 else warn(line, fix)


def clock(situation: Situation) -> Verdict:
    """Look for times of the future in what was written: then the clock went back."""
    moments = []
    record = situation.home / "published" / "history.jsonl"
    if record.exists():
        lines = record.read_text(encoding="utf-8").splitlines()
        moments += [dt.datetime.fromisoformat(json.loads(line)["at"]) for line in lines[-1:]]
    received = situation.home / "landing" / "received.json"
    if received.exists():
        moments.append(dt.datetime.fromtimestamp(received.stat().st_mtime, dt.UTC))
    last = max(moments, default=None)
    if last is not None and last > situation.now + CLOCK_SLACK:
        shown = f"{last.astimezone(OFFICE_ZONE):%Y-%m-%d %H:%M}"
        return bad(f"时钟倒退了：上次写入的时间是 {shown}，比现在还晚", "核对系统时间（timedatectl），打开自动对时")
    return ok(f"现在是北京时间 {situation.now.astimezone(OFFICE_ZONE):%Y-%m-%d %H:%M}")


def clock_synchronised(_situation: Situation) -> Verdict:
    """Ask the system whether it keeps its clock."""
    command = ["timedatectl", "show", "--property=NTPSynchronized", "--value"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return unknown("系统没有 timedatectl，不知时钟是否自动校准")
    said = done.stdout.strip()
    if said == "yes":
        return ok("时钟自动校准")
    if said == "no":
        return warn("时钟没有自动校准，到点的作业会早会晚", "timedatectl set-ntp true，内网指定对时服务器（chrony）")
    return unknown("系统没有说时钟是否自动校准")


def time_zone(situation: Situation) -> Verdict:
    """Compare the zone of this machine with the office's."""
    here, office = situation.now.astimezone().utcoffset(), situation.now.astimezone(OFFICE_ZONE).utcoffset()
    if here == office:
        return ok("时区是北京时间")
    name = situation.now.astimezone().tzname()
    return warn(f"本机时区是 {name}，日志的时间与北京时间不同", "timedatectl set-timezone Asia/Shanghai")


def fonts(_situation: Situation) -> Verdict:
    """Ask the typesetter for a Chinese font."""
    import typst

    from publishing.documents.pictures import FONTS

    wanted = [name.strip(' "') for name in FONTS.split(",")][:-1]
    have = set(typst.Fonts().families())
    if found := [name for name in wanted if name in have]:
        return ok(f"中文字体：{found[0]}")
    return bad(
        "没有中文字体，挂图和图表里的字会是方框", "apt install fonts-noto-cjk（或放一个思源黑体、黑体到系统字体目录）"
    )


def encoding(_situation: Situation) -> Verdict:
    """Ask Python how it reads files and names."""
    found = locale.getpreferredencoding(False)
    if found.lower().replace("-", "") == "utf8":
        return ok("编码 UTF-8")
    return bad(f"本机的编码是 {found}，中文文件名会读错", "设置环境变量 PYTHONUTF8=1 和 LANG=C.UTF-8")


def open_files(_situation: Situation) -> Verdict:
    """Compare how many files may be open with what the desk and the night need."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    line = f"可同时打开 {soft:,} 个文件"
    if soft == resource.RLIM_INFINITY or soft >= LEAST_FILES:
        return ok("可同时打开的文件不限" if soft == resource.RLIM_INFINITY else line)
    return warn(line, "ulimit -n 4096（服务里是 LimitNOFILE=4096）")
