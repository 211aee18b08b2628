"""The browser of a sign-in, and until when a one-time password is good.

Belongs here: one step of the tables. Does not belong here: data, but for passwords that are waiting: they get three days.
"""

import datetime as dt

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("login_attempts", sa.Column("device_hash", sa.String(length=64), nullable=False, server_default=""))
    op.create_index(op.f("ix_login_attempts_device_hash"), "login_attempts", ["device_hash"])
    op.add_column("people", sa.Column("one_time_until", sa.DateTime(timezone=True), nullable=True))
    people = sa.table(
        "people",
        sa.column("must_change_password", sa.Boolean()),
        sa.column("one_time_until", sa.DateTime(timezone=True)),
    )
    until = dt.datetime.now(dt.UTC) + dt.timedelta(days=3)
    op.execute(people.update().where(people.c.must_change_password).values(one_time_until=until))


def downgrade() -> None:
    op.drop_column("people", "one_time_until")
    op.drop_index(op.f("ix_login_attempts_device_hash"), "login_attempts")
    op.drop_column("login_attempts", "device_hash")
