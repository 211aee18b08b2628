"""Where compiled models live: content-addressed versions, one active version a name, and a way back.

Belongs here: saving tables with report and manifest, promoting, reverting, reading what is active.
Does not belong here: deciding whether a candidate deserves promotion (a check over its report), training.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class Artefact:
    """One saved version."""

    name: str
    version: str
    tables: pd.DataFrame
    report: dict[str, Any]
    manifest: dict[str, Any]


class Registry:
    """Versions under ``root/<name>/<version>/``; ``root/<name>/active.json`` names the one in use.

    A version is its kind and a hash of its content, so the same inputs give the same version, and no clock is in it.
    ``active.json`` is the only truth about promotion and is replaced whole; ``history.jsonl`` is a log that is only
    appended to. One writer at a time: the orchestration runs training and promotion in one pool.

    Examples
    --------
    >>> import pandas as pd, tempfile
    >>> from pathlib import Path
    >>> registry = Registry(Path(tempfile.mkdtemp()))
    >>> version = registry.save("landing", pd.DataFrame({"value": [1.0]}), {"kind": "rule"}, {})
    >>> registry.promote("landing", version)
    >>> registry.active("landing") == version
    True
    """

    def __init__(self, root: Path, clock: Callable[[], dt.datetime] = _utc_now) -> None:
        self.root = Path(root)
        self.clock = clock

    def save(
        self,
        name: str,
        tables: pd.DataFrame,
        report: Mapping[str, Any],
        manifest_extra: Mapping[str, Any] | None = None,
    ) -> str:
        """Write a version and return its name; writing the same content again changes nothing.

        ``report['kind']`` (model or rule) starts the version's name; ``manifest_extra`` holds data hash, code version
        and the like.
        """
        folder = self._folder(name)
        kind = str(report.get("kind") or (manifest_extra or {}).get("kind") or "model")
        extra = dict(manifest_extra or {})
        report_bytes = _canonical(report)
        digests = {"tables_sha256": _hash(_table_bytes(tables)), "report_sha256": _hash(report_bytes)}
        version = f"{kind}-{_hash(_canonical({**extra, **digests}))[:12]}"
        target = folder / _checked(version)
        if target.exists():
            self.load(name, version)
            return version
        manifest = {**extra, **digests, "kind": kind, "name": name, "version": version}
        folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder))
        try:
            tables.to_parquet(draft / "tables.parquet", index=False)
            (draft / "report.json").write_bytes(report_bytes)
            (draft / "manifest.json").write_bytes(_canonical(manifest))
            draft.chmod(0o755)
            os.replace(draft, target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return version

    def load(self, name: str, version: str | None = None) -> Artefact:
        """Read a version (default: the active one) and verify its hashes."""
        version = version or self.active(name)
        if version is None:
            raise LookupError(f"{name}: no version is active")
        folder = self._folder(name) / _checked(version)
        if not folder.is_dir():
            raise LookupError(f"{name}: version {version} does not exist")
        tables = pd.read_parquet(folder / "tables.parquet")
        report_bytes = (folder / "report.json").read_bytes()
        manifest = json.loads((folder / "manifest.json").read_bytes())
        found = {"tables_sha256": _hash(_table_bytes(tables)), "report_sha256": _hash(report_bytes)}
        for key, digest in found.items():
            if manifest[key] != digest:
                raise ValueError(f"{name} {version}: content does not match {key} of its manifest")
        return Artefact(name, version, tables, json.loads(report_bytes), manifest)

    def versions(self, name: str) -> list[str]:
        """Saved versions, sorted by name."""
        folder = self._folder(name)
        if not folder.is_dir():
            return []
        return sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))

    def active(self, name: str) -> str | None:
        """Version in use, or None."""
        stack = self._stack(name)
        return stack[-1] if stack else None

    def standing_on(self, name: str, day: dt.date) -> str | None:
        """Version that stood on a day: the latest promoted one whose manifest names no later ``as_of_date``."""
        for version in reversed(self._stack(name)):
            if str(self.load(name, version).manifest.get("as_of_date", "")) <= day.isoformat():
                return version
        return None

    def promoted(self, name: str) -> list[str]:
        """Versions promoted and not reverted, the active one last."""
        return self._stack(name)

    def reverted(self, name: str) -> list[str]:
        """Versions that somebody went back from; only an explicit promotion brings one back."""
        return [str(v) for v in self._state(name).get("reverted", [])]

    def promote(self, name: str, version: str) -> None:
        """Make a verified version the active one; promoting the active one again changes nothing."""
        self.load(name, version)
        stack = self._stack(name)
        if not stack or stack[-1] != version:
            reverted = [v for v in self.reverted(name) if v != version]
            self._switch(name, [*stack, version], reverted, "promote")

    def revert(self, name: str) -> str:
        """Go back to the version that was active before; returns it."""
        stack = self._stack(name)
        if len(stack) < 2:
            raise LookupError(f"{name}: there is no earlier version to go back to")
        self.load(name, stack[-2])
        left = stack[-1]
        reverted = [*(v for v in self.reverted(name) if v != left), left]
        self._switch(name, stack[:-1], reverted, "revert")
        return stack[-2]

    def history(self, name: str) -> list[dict[str, Any]]:
        """Promotions and reverts, oldest first."""
        path = self._folder(name) / "history.jsonl"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    def _switch(self, name: str, stack: list[str], reverted: list[str], action: str) -> None:
        folder = self._folder(name)
        event = {"at": self.clock().isoformat(), "action": action, "from": self.active(name), "to": stack[-1]}
        handle, draft = tempfile.mkstemp(prefix=".active-", dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(_canonical({"version": stack[-1], "stack": stack, "reverted": reverted}))
            file.flush()
            os.fsync(file.fileno())
        Path(draft).chmod(0o644)
        os.replace(draft, folder / "active.json")
        with (folder / "history.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(event, ensure_ascii=False, sort_keys=True) + "\n")

    def _stack(self, name: str) -> list[str]:
        return [str(v) for v in self._state(name).get("stack", [])]

    def _state(self, name: str) -> dict[str, Any]:
        path = self._folder(name) / "active.json"
        state: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {}
        return state

    def _folder(self, name: str) -> Path:
        return self.root / _checked(name)


def _checked(name: str) -> str:
    if not _SAFE.fullmatch(name):
        raise ValueError(f"not a name of a model or version: {name!r}")
    return name


def _canonical(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, indent=1, default=str, allow_nan=False).encode()


def _table_bytes(tables: pd.DataFrame) -> bytes:
    """Bytes to hash: values, not Parquet, so that a new pyarrow does not rename every version."""
    rows = [
        [None if pd.isna(v) else v.hex() if isinstance(v, float) else str(v) for v in row]
        for row in tables.to_numpy(object)
    ]
    return _canonical({"columns": [str(c) for c in tables.columns], "rows": rows})


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
