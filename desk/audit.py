"""The audit chain (审计链): every act that must be answerable, each entry sealed with the hash of the one before.

Belongs here: appending and verifying. Does not belong here: what is to be logged (the modules that act).

Whoever changes or removes an entry breaks every hash after it; `zeyou desk verify-audit` names the first broken one.
Cutting off the end can't be seen from inside: keep the last number and hash that the command prints somewhere else.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from desk.store.models import AuditEntry

START: Final = "0" * 64
_LOCK: Final = 4207002


def append(
    session: Session, at: dt.datetime, actor: str, action: str, subject: str, detail: Mapping[str, Any] | None = None
) -> AuditEntry:
    """Add an entry within the session's transaction; only one transaction appends at a time."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    session.flush()
    last = session.execute(sa.select(AuditEntry).order_by(AuditEntry.audit_id.desc()).limit(1)).scalar_one_or_none()
    text = json.dumps(dict(detail or {}), ensure_ascii=False, sort_keys=True)
    entry = AuditEntry(
        audit_id=last.audit_id + 1 if last else 1,
        recorded_at=at.astimezone(dt.UTC).replace(microsecond=0),
        actor=actor[:64],
        action=action,
        subject=subject[:160],
        detail=text,
        previous_hash=last.entry_hash if last else START,
    )
    entry.entry_hash = sealed(entry)
    session.add(entry)
    session.flush()
    return entry


def sealed(entry: AuditEntry) -> str:
    """Give the hash that belongs to an entry."""
    fields = [
        str(entry.audit_id), entry.recorded_at.isoformat(), entry.actor, entry.action, entry.subject, entry.detail,
        entry.previous_hash,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(fields, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True)
class Verdict:
    """What verifying found: `broken_at` is the first entry that does not fit, None when all do."""

    entry_count: int
    last_hash: str
    broken_at: int | None


def verify(session: Session) -> Verdict:
    """Walk the chain from its start."""
    before, count = START, 0
    for entry in session.scalars(sa.select(AuditEntry).order_by(AuditEntry.audit_id).execution_options(yield_per=1000)):
        if entry.audit_id != count + 1 or entry.previous_hash != before or sealed(entry) != entry.entry_hash:
            return Verdict(count, before, entry.audit_id)
        before, count = entry.entry_hash, count + 1
    return Verdict(count, before, None)
