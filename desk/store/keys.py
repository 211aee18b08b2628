"""Keys that the desk makes for itself (密钥) and keyed hashes with them.

Belongs here: one key per purpose, made once. Does not belong here: passwords (desk/login.py).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from sqlalchemy.orm import Session

from desk.store.models import Secret


def key(session: Session, name: str) -> bytes:
    """Give the key of a purpose; the first call makes it."""
    found = session.get(Secret, name)
    if found is None:
        found = Secret(secret_name=name, secret_value=secrets.token_hex(32))
        session.add(found)
        session.flush()
    return bytes.fromhex(found.secret_value)


def keyed_hash(session: Session, name: str, value: str) -> str:
    """Hash a value so that it can be recognised again, but not guessed without the database."""
    return hmac.new(key(session, name), value.encode(), hashlib.sha256).hexdigest()
