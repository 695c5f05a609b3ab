"""turnaround reports on a schedule: who wants them, which were made

Revision: 0024, after 0023.
"""

import sqlalchemy as sa
from alembic import op

from app.database import UtcDateTime

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def every():
    choices = sa.Enum("week", "month", name="every", native_enum=False, create_constraint=True, length=20)
    return sa.Column("every", choices, nullable=False)


def upgrade():
    op.create_table(
        "report_subscription",
        sa.Column("id", sa.String(24), nullable=False),
        sa.Column("membership_id", sa.String(24), nullable=False),
        every(),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["membership.id"], name=op.f("fk_report_subscription_membership_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_subscription")),
        sa.UniqueConstraint("membership_id", "every", name=op.f("uq_report_subscription_membership_id_every")),
    )
    op.create_table(
        "scheduled_report",
        sa.Column("id", sa.String(24), nullable=False),
        sa.Column("membership_id", sa.String(24), nullable=False),
        every(),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.CheckConstraint("first_day < last_day", name=op.f("ck_scheduled_report_days_in_order")),
        sa.CheckConstraint("made_at IS NOT NULL OR attempts > 0", name=op.f("ck_scheduled_report_made_or_tried")),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_scheduled_report_membership_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheduled_report")),
        sa.UniqueConstraint(
            "membership_id", "every", "first_day", name=op.f("uq_scheduled_report_membership_id_every_first_day")
        ),
    )
    op.create_index("ix_scheduled_report_made_at", "scheduled_report", ["made_at"])


def downgrade():
    op.drop_table("scheduled_report")
    op.drop_table("report_subscription")
