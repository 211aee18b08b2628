"""Tables of the desk (数据表).

Belongs here: columns, keys and what a row means. Does not belong here: rules over them (desk/*.py), migrations.

`events` is append-only: what a person did is never changed, only undone by a later event. Its columns carry the names of
the ledgers (跟进记录, 线索台账), so that the nightly job reads them as rows of a ledger. Contacts and phones stay in this
database: nothing exports them.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class UtcTime(sa.TypeDecorator[dt.datetime]):
    """A moment in UTC; SQLite keeps no zone, so it is put back on reading."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        """Write UTC."""
        return None if value is None else value.astimezone(dt.UTC)

    def process_result_value(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        """Read UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Base(DeclarativeBase):
    """All tables of the desk."""

    type_annotation_map = {dt.datetime: UtcTime}  # noqa: RUF012
    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Person(Base):
    """One row per person who may sign in (使用人)."""

    __tablename__ = "people"
    person_id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(sa.String(64), unique=True)
    person_name: Mapped[str] = mapped_column(sa.String(64))
    role: Mapped[str] = mapped_column(sa.String(16))
    unit_name: Mapped[str | None] = mapped_column(sa.String(128), index=True)
    password_hash: Mapped[str | None] = mapped_column(sa.String(256))
    must_change_password: Mapped[bool] = mapped_column(default=True)
    one_time_until: Mapped[dt.datetime | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    lead_capacity: Mapped[int] = mapped_column(default=30)
    created_at: Mapped[dt.datetime]


class Session(Base):
    """One row per signed-in browser (会话). The cookie's token is kept as a hash only."""

    __tablename__ = "sessions"
    token_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("people.person_id"), index=True)
    form_token: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[dt.datetime]
    last_seen_at: Mapped[dt.datetime]
    signed_in_by: Mapped[str] = mapped_column(sa.String(16))


class LoginAttempt(Base):
    """One row per attempt at a password (登录尝试): what the limits count. Of the browser's cookie only a hash is kept."""

    __tablename__ = "login_attempts"
    attempt_id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(sa.String(64), index=True)
    address: Mapped[str] = mapped_column(sa.String(64), index=True)
    device_hash: Mapped[str] = mapped_column(sa.String(64), index=True, default="", server_default="")
    attempted_at: Mapped[dt.datetime] = mapped_column(index=True)
    is_success: Mapped[bool]


class LoginFlow(Base):
    """One row per sign-on under way at another server (统一身份认证往返)."""

    __tablename__ = "login_flows"
    state_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    nonce: Mapped[str] = mapped_column(sa.String(64))
    code_verifier: Mapped[str] = mapped_column(sa.String(128))
    created_at: Mapped[dt.datetime]


class Event(Base):
    """One row per thing that a person did about a lead (事件). Append-only; `client_id` makes a repeat harmless.

    kind: answer (三十秒答复), follow_up (跟进; one that corrects another names it as `undone_event_id`), undo (撤销, names
    `undone_event_id`), usefulness (名单有用吗), claim (认领), assign (分派), release (释放), report (报备新线索),
    transfer_request (申请流转), transfer_reply (接收或退回), question_answer (答复问题).
    """

    __tablename__ = "events"
    __table_args__ = (
        sa.UniqueConstraint("person_id", "client_id", name="uq_events_person_client"),
        sa.Index("ix_events_lead_kind", "lead_id", "kind"),
    )
    event_id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(sa.String(64))
    kind: Mapped[str] = mapped_column(sa.String(24), index=True)
    lead_id: Mapped[str] = mapped_column(sa.String(64))
    unit_name: Mapped[str] = mapped_column(sa.String(128), index=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("people.person_id"), index=True)
    recorded_at: Mapped[dt.datetime] = mapped_column(index=True)
    snapshot_id: Mapped[str | None] = mapped_column(sa.String(64))
    undone_event_id: Mapped[int | None] = mapped_column(sa.ForeignKey("events.event_id"), unique=True)
    follow_up_date: Mapped[dt.date | None]
    method: Mapped[str | None] = mapped_column(sa.String(16))
    led_by: Mapped[str | None] = mapped_column(sa.String(16))
    content: Mapped[str | None] = mapped_column(sa.Text)
    result: Mapped[str | None] = mapped_column(sa.String(16))
    next_step: Mapped[str | None] = mapped_column(sa.Text)
    next_step_date: Mapped[dt.date | None]
    lost_reason: Mapped[str | None] = mapped_column(sa.Text)
    detail: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON)


class Assignment(Base):
    """One row per lead that somebody has (承办): the present holder; how it came is in `events`."""

    __tablename__ = "assignments"
    lead_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    unit_name: Mapped[str] = mapped_column(sa.String(128), index=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("people.person_id"), index=True)
    assigned_at: Mapped[dt.datetime]


class Contact(Base):
    """One row per contact person of a lead (联系人), kept by one unit. Deleting empties the personal columns."""

    __tablename__ = "contacts"
    contact_id: Mapped[int] = mapped_column(primary_key=True)
    lead_id: Mapped[str] = mapped_column(sa.String(64), index=True)
    unit_name: Mapped[str] = mapped_column(sa.String(128), index=True)
    contact_person: Mapped[str | None] = mapped_column(sa.String(64))
    contact_phone: Mapped[str | None] = mapped_column(sa.String(32))
    position: Mapped[str | None] = mapped_column(sa.String(64))
    source: Mapped[str] = mapped_column(sa.String(128))
    created_by: Mapped[int] = mapped_column(sa.ForeignKey("people.person_id"))
    created_at: Mapped[dt.datetime]
    deleted_at: Mapped[dt.datetime | None]


class Refusal(Base):
    """One row per refusal of contact (拒绝联系). Of a phone only a keyed hash is kept, so that it can't come back."""

    __tablename__ = "refusals"
    __table_args__ = (sa.UniqueConstraint("kind", "value", name="uq_refusals_kind_value"),)
    refusal_id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(8))
    value: Mapped[str] = mapped_column(sa.String(64))
    unit_name: Mapped[str] = mapped_column(sa.String(128))
    reason: Mapped[str] = mapped_column(sa.Text)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("people.person_id"))
    refused_at: Mapped[dt.datetime]


class Exposure(Base):
    """One row per page of a list that was shown to somebody (曝光): what was seen, in which order."""

    __tablename__ = "exposures"
    __table_args__ = (sa.UniqueConstraint("person_id", "snapshot_id", "shown_hash", name="uq_exposures_once"),)
    exposure_id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("people.person_id"))
    snapshot_id: Mapped[str] = mapped_column(sa.String(64), index=True)
    shown_hash: Mapped[str] = mapped_column(sa.String(64))
    shown_at: Mapped[dt.datetime]
    lead_ids: Mapped[list[str]] = mapped_column(sa.JSON)


class SavedView(Base):
    """One row per saved view (常用视图): a name for an address."""

    __tablename__ = "saved_views"
    __table_args__ = (sa.UniqueConstraint("person_id", "view_name", name="uq_saved_views_name"),)
    view_id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("people.person_id"), index=True)
    view_name: Mapped[str] = mapped_column(sa.String(32))
    query: Mapped[str] = mapped_column(sa.String(512))


class AuditEntry(Base):
    """One row per act that must be answerable (审计). Each carries the hash of the one before; never a phone."""

    __tablename__ = "audit"
    audit_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    recorded_at: Mapped[dt.datetime]
    actor: Mapped[str] = mapped_column(sa.String(64), index=True)
    action: Mapped[str] = mapped_column(sa.String(32), index=True)
    subject: Mapped[str] = mapped_column(sa.String(160))
    detail: Mapped[str] = mapped_column(sa.Text)
    previous_hash: Mapped[str] = mapped_column(sa.String(64))
    entry_hash: Mapped[str] = mapped_column(sa.String(64))


class Secret(Base):
    """One row per key that the desk made for itself (密钥), such as the one under the hashes of refused phones."""

    __tablename__ = "secrets"
    secret_name: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    secret_value: Mapped[str] = mapped_column(sa.String(128))


class ReturnedWorkbook(Base):
    """One row per workbook that goes back to who filled it in (退回件); kept for some days."""

    __tablename__ = "returned_workbooks"
    returned_id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("people.person_id"), index=True)
    created_at: Mapped[dt.datetime]
    file_name: Mapped[str] = mapped_column(sa.String(128))
    content: Mapped[bytes] = mapped_column(sa.LargeBinary)


class Notice(Base):
    """One row per notice (提醒): written first, sent after, once. Counts and links only."""

    __tablename__ = "notices"
    notice_id: Mapped[int] = mapped_column(primary_key=True)
    digest_key: Mapped[str] = mapped_column(sa.String(64), unique=True)
    channel: Mapped[str] = mapped_column(sa.String(8))
    address: Mapped[str] = mapped_column(sa.Text)
    subject: Mapped[str] = mapped_column(sa.String(128))
    body: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[dt.datetime]
    sent_at: Mapped[dt.datetime | None]
    attempt_count: Mapped[int]
    last_error: Mapped[str | None] = mapped_column(sa.Text)
