"""The desk as it is served (办公桌的启动): put together with what the intake knows of files, codes and names of firms.

Belongs here: composing the desk and the intake, which do not know each other. Does not belong here: the server's options
(desk/serving.py), pages.
"""

from __future__ import annotations

from fastapi import FastAPI

from desk.application import build_app
from desk.settings import DeskSettings
from intake.matching.placeholders import names_a_firm
from intake.opening import open_sheets
from intake.values import parse_uscc
from orchestration.ports import require_free_port


def build_desk(settings: DeskSettings) -> FastAPI:
    """Return the desk that takes workbooks and judges codes and names as the night does."""
    return build_app(settings, open_workbook=open_sheets, read_code=parse_uscc, names_a_firm=names_a_firm)


def serve_desk(host: str, port: int) -> int:
    """Serve the desk until it is stopped."""
    import uvicorn

    from desk.serving import OPTIONS

    require_free_port(host, port)
    app = build_desk(DeskSettings.from_environment())
    print(f"择优办公桌：http://{host}:{port}　首个管理员：zeyou desk admin 账号")  # noqa: T201
    uvicorn.run(app, host=host, port=port, **OPTIONS)
    return 0
