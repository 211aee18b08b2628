"""Questions and their answers (问题与答复): what a kind declares, who may answer, what stands.

Belongs here: the types, the predicate of who is asked, recording an answer. Does not belong here: a kind (one module each).

An answer is an event of the desk: written once, undoable for some minutes, audited, and given to the night as a row of the
ledger 问题答复 (desk/ledgers.py), besides whatever ledger its kind names.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from desk import audit
from desk.access import Viewer
from desk.actions import Conflict, Invalid, NotAllowed, event_of, locked, seen_before, taken_back
from desk.listing import PublishedList
from desk.store.models import Event, Person

EVENT: Final = "question_answer"
OFFICE: Final = "数据专员"  # who answers what belongs to no unit


@dataclass(frozen=True)
class Question:
    """One thing to be answered. `weight` says how much it would change: within a kind larger ones stand first."""

    key: str
    title: str
    detail: str
    unit: str | None = None
    lead_id: str | None = None
    since: dt.date | None = None
    due: dt.date | None = None
    weight: float = 0.0
    told: Mapping[str, str] = field(default_factory=dict)  # what the answer's ledger needs to know of it


@dataclass(frozen=True)
class Answer:
    """One word that can be tapped, and what it does."""

    word: str
    effect: str


@dataclass(frozen=True)
class Sources:
    """Where questions come from: the list in use, and the office's folder."""

    published: PublishedList
    office: Path

    @property
    def folder(self) -> Path:
        """Return the folder of the snapshot."""
        return self.published.snapshot.folder


Rows = Callable[[Sources], Iterable[Question]]


@dataclass(frozen=True)
class Kind:
    """A kind of question: who is asked, where its rows come from, what can be answered, and what silence means.

    Asked is the unit of the question, and besides it the `roles`; a question without a unit is the roles' alone. `also` gives
    the rows of further ledgers that an answer is: by the ledger's name, from what was told of the question and the word.
    """

    key: str
    title: str
    about: str
    rows: Rows
    answers: tuple[Answer, ...]
    if_unanswered: str
    changes: str
    roles: frozenset[str] = frozenset({"analyst"})
    also: Callable[[Mapping[str, Any]], Mapping[str, Sequence[str | None]]] = lambda told: {}

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(answer.word for answer in self.answers)


@dataclass(frozen=True)
class Asked:
    """A question as one viewer sees it. `answered` is what stands, with who said it."""

    kind: Kind
    question: Question
    may_answer: bool
    age_days: int | None
    answered: tuple[Event, str] | None

    @property
    def owner(self) -> str:
        """Return who is asked."""
        return self.question.unit or OFFICE


def may_answer(viewer: Viewer, kind: Kind, question: Question) -> bool:
    """Say whether a viewer is asked: the people of the unit, or a role that answers for the whole office."""
    return viewer.role in kind.roles or viewer.reach("write").covers(question.unit)


def _may_see(viewer: Viewer, kind: Kind, question: Question) -> bool:
    return may_answer(viewer, kind, question) or viewer.reach("detail").covers(question.unit)


def standing(session: Session) -> dict[tuple[str, str], tuple[Event, str]]:
    """Return the answer that stands for each question, by kind and key, with who gave it."""
    found = session.execute(
        sa.select(Event, Person.person_name)
        .join(Person, Person.person_id == Event.person_id)
        .where(Event.kind == EVENT, ~taken_back(Event))
        .order_by(Event.event_id)
    )
    return {(str((e.detail or {})["question_kind"]), str((e.detail or {})["subject_key"])): (e, n) for e, n in found}


def asked_of(
    session: Session, viewer: Viewer, kinds: Sequence[Kind], sources: Sources, hidden: frozenset[str], today: dt.date
) -> list[Asked]:
    """Return the questions that a viewer may see, kind by kind, those that would change most first.

    Leads that refuse contact are asked about nobody's firm, and left out.
    """
    told, found = standing(session), []
    for kind in kinds:
        rows = [q for q in kind.rows(sources) if _may_see(viewer, kind, q) and q.lead_id not in hidden]
        for question in sorted(rows, key=lambda q: (-q.weight, q.key)):
            age = max(0, (today - question.since).days) if question.since else None
            found.append(
                Asked(kind, question, may_answer(viewer, kind, question), age, told.get((kind.key, question.key)))
            )
    return found


def answer(
    session: Session, viewer: Viewer, kind: Kind, question: Question, *, word: str, client_id: str, now: dt.datetime
) -> Event:
    """Record an answer; the second of two people who answer at once is told of the first."""
    if not may_answer(viewer, kind, question):
        raise NotAllowed(f"这个问题由{question.unit or OFFICE}答复")
    if word not in kind.words:
        raise Invalid(f"答复应为 {'、'.join(kind.words)} 之一")
    locked(session, f"question {kind.key} {question.key}")
    if before := seen_before(session, viewer, client_id):
        return before
    if stands := standing(session).get((kind.key, question.key)):
        raise Conflict(f"{stands[1]}已答复“{stands[0].result}”；如要改，请先撤销")
    detail = {
        **question.told, "question_kind": kind.key, "subject_key": question.key, "subject_text": question.title,
        "answered_by": viewer.unit_name or viewer.role_name,
    }  # fmt: skip
    event = event_of(
        viewer, client_id, EVENT, question.lead_id or "", question.unit or viewer.unit_name or viewer.role_name, now,
        result=word, content=question.title, detail=detail,
    )  # fmt: skip
    session.add(event)
    session.flush()
    audit.append(session, now, viewer.login, "答复问题", f"{kind.title} {question.key}", {"答复": word})
    return event


def take_back(session: Session, viewer: Viewer, event_id: int, client_id: str, now: dt.datetime, minutes: int) -> None:
    """Take back an answer within some minutes: one's own, or as a head that of the unit's people."""
    locked(session, f"undo {event_id}")
    event = session.get(Event, event_id)
    if event is None or event.kind != EVENT or event.person_id != viewer.person_id:
        raise NotAllowed("只能撤销自己的答复")
    if session.scalar(sa.select(Event.event_id).where(Event.undone_event_id == event_id)):
        return
    if now - event.recorded_at > dt.timedelta(minutes=minutes):
        raise NotAllowed(f"超过 {minutes} 分钟，不能撤销；请用更正后的台账说明")
    session.add(event_of(viewer, client_id, "undo", event.lead_id, event.unit_name, now, undone_event_id=event_id))
    audit.append(session, now, viewer.login, "撤销答复问题", str((event.detail or {}).get("subject_key")), {})
    session.flush()
