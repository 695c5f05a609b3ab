"""rule waivers, and bookings hit by closures

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

from app.database import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "rule_waiver",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column("company_id", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_by_id", sa.String(length=24), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["organisation.id"], name=op.f("fk_rule_waiver_company_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_rule_waiver_created_by_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_rule_waiver_lab_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_waiver")),
    )
    op.create_index("ix_rule_waiver_company", "rule_waiver", ["lab_id", "company_id"])
    op.create_table(
        "closure_hit",
        sa.Column("closure_id", sa.String(length=24), nullable=False),
        sa.Column("booking_id", sa.String(length=24), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_closure_hit_booking_id")),
        sa.ForeignKeyConstraint(["closure_id"], ["closure.id"], name=op.f("fk_closure_hit_closure_id")),
        sa.PrimaryKeyConstraint("closure_id", "booking_id", name=op.f("pk_closure_hit")),
    )


def downgrade():
    op.drop_table("closure_hit")
    op.drop_table("rule_waiver")
