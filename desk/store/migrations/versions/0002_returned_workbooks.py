"""Workbooks that go back.

Belongs here: one step of the tables. Does not belong here: data.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "returned_workbooks",
        sa.Column("returned_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("file_name", sa.String(length=128), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.person_id"], name=op.f("fk_returned_workbooks_person_id_people")
        ),
        sa.PrimaryKeyConstraint("returned_id", name=op.f("pk_returned_workbooks")),
    )
    with op.batch_alter_table("returned_workbooks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_returned_workbooks_person_id"), ["person_id"], unique=False)


def downgrade() -> None:
    op.drop_table("returned_workbooks")
