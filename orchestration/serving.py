"""The desk as it is served (办公桌的启动): put together with what the intake knows of files, codes and names of firms.

Belongs here: composing the desk and the intake, which do not know each other. Does not belong here: the server's options
(desk/serving.py), pages.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from threading import Lock
from typing import ClassVar

from fastapi import FastAPI

from desk.application import build_app
from desk.settings import DeskSettings
from intake.matching.placeholders import names_a_firm
from intake.opening import open_sheets
from intake.values import parse_uscc
from orchestration.desk_layouts import DeskLayouts
from orchestration.ports import require_free_port
from orchestration.settings import REPOSITORY, Settings


def build_desk(settings: DeskSettings) -> FastAPI:
    """Return the desk that takes workbooks and judges codes and names as the night does."""
    return build_app(
        settings,
        open_workbook=open_sheets,
        read_code=parse_uscc,
        names_a_firm=names_a_firm,
        examine=Examination(),
        layouts=DeskLayouts(Settings.from_environment),
    )


class Examination:
    """`zeyou doctor` in a process of its own: Dagster and the models that it looks into have no place in the desk's memory."""

    SECONDS: ClassVar = {"kept": 60.0, "waited": 120.0}

    def __init__(self) -> None:
        self._lock, self._at = Lock(), 0.0
        self._found: list[dict[str, str]] | None = None

    def __call__(self) -> list[dict[str, str]] | None:
        """Return what was found within the last minute; several who ask at once wait for one examination."""
        with self._lock:
            if self._found is None or time.monotonic() - self._at > self.SECONDS["kept"]:
                self._found, self._at = self._ask(), time.monotonic()
            return self._found

    def _ask(self) -> list[dict[str, str]] | None:
        command = [sys.executable, "-m", "orchestration", "doctor", "--json"]
        try:
            done = subprocess.run(
                command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=self.SECONDS["waited"]
            )
            found: list[dict[str, str]] = json.loads(done.stdout)["checks"]
        except (subprocess.TimeoutExpired, ValueError, KeyError):
            return None
        return found


def serve_desk(host: str, port: int) -> int:
    """Serve the desk until it is stopped."""
    import uvicorn

    from desk.serving import OPTIONS

    require_free_port(host, port)
    settings = DeskSettings.from_environment()
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    app = build_desk(settings)
    print(f"择优办公桌：http://{host}:{port}　首个管理员：zeyou desk admin 账号")  # noqa: T201
    uvicorn.run(app, host=host, port=port, **OPTIONS)
    return 0
