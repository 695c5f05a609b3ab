"""approval steps, deputies, waiting list

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

from app.database import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "approval_step",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.String(length=24), nullable=False),
        sa.Column("next_owner_id", sa.String(length=24), nullable=True),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.CheckConstraint("hours BETWEEN 1 AND 720", name=op.f("ck_approval_step_hours")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_approval_step_lab_id")),
        sa.ForeignKeyConstraint(["next_owner_id"], ["user.id"], name=op.f("fk_approval_step_next_owner_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name=op.f("fk_approval_step_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_step")),
        sa.UniqueConstraint("lab_id", "position", name=op.f("uq_approval_step_lab_id_position")),
    )
    op.create_table(
        "deputy",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column("user_id", sa.String(length=24), nullable=False),
        sa.Column("deputy_id", sa.String(length=24), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.CheckConstraint("last >= first", name=op.f("ck_deputy_dates")),
        sa.CheckConstraint("user_id <> deputy_id", name=op.f("ck_deputy_somebody_else")),
        sa.ForeignKeyConstraint(["deputy_id"], ["user.id"], name=op.f("fk_deputy_deputy_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_deputy_lab_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_deputy_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deputy")),
    )
    op.create_index("ix_deputy_lab", "deputy", ["lab_id"])
    op.create_table(
        "approval",
        sa.Column("booking_id", sa.String(length=24), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column("owner_id", sa.String(length=24), nullable=False),
        sa.Column("next_owner_id", sa.String(length=24), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by_id", sa.String(length=24), nullable=True),
        sa.CheckConstraint("(decided_at IS NULL) = (decided_by_id IS NULL)", name=op.f("ck_approval_decision")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_approval_booking_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["user.id"], name=op.f("fk_approval_decided_by_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_approval_lab_id")),
        sa.ForeignKeyConstraint(["next_owner_id"], ["user.id"], name=op.f("fk_approval_next_owner_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name=op.f("fk_approval_owner_id")),
        sa.PrimaryKeyConstraint("booking_id", "position", name=op.f("pk_approval")),
    )
    op.create_index("ix_approval_due", "approval", ["due_at"])
    op.create_index("ix_approval_owner", "approval", ["owner_id", "decided_at"])
    op.create_table(
        "waitlist_entry",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("company_id", sa.String(length=60), nullable=False),
        sa.Column("membership_id", sa.String(length=24), nullable=False),
        sa.Column("test_id", sa.String(length=60), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=True),
        sa.Column("resource", sa.String(length=64), nullable=True),
        sa.Column("earliest", UtcDateTime(), nullable=False),
        sa.Column("latest", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("latest > earliest", name=op.f("ck_waitlist_entry_latest_after_earliest")),
        sa.ForeignKeyConstraint(["company_id"], ["organisation.id"], name=op.f("fk_waitlist_entry_company_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_waitlist_entry_lab_id")),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_waitlist_entry_membership_id")),
        sa.ForeignKeyConstraint(["test_id"], ["test.id"], name=op.f("fk_waitlist_entry_test_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waitlist_entry")),
    )
    op.create_index("ix_waitlist_entry_company", "waitlist_entry", ["company_id", "created_at"])
    op.create_index("ix_waitlist_entry_test", "waitlist_entry", ["test_id", "latest"])


def downgrade():
    for table in ("waitlist_entry", "approval", "deputy", "approval_step"):
        op.drop_table(table)
