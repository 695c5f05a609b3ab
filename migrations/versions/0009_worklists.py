"""filters that people keep, and indexes for the lists that they work from

Revision: 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op

from app.database import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_order_company_state", "order", ["company_id", "state", "created_at", "id"]),
    ("ix_order_lab_state", "order", ["lab_id", "state", "created_at", "id"]),
    ("ix_order_line_lab_ended", "order_line", ["lab_id", "issued_at", "ended_at"]),
    ("ix_booking_lab_state_start", "booking", ["lab_id", "state", "starts_at"]),
    ("ix_sample_company_state", "sample", ["company_id", "state"]),
)


def upgrade():
    op.create_table(
        "saved_filter",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("membership_id", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("query", sa.String(length=500), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_saved_filter_membership_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_filter")),
        sa.UniqueConstraint("membership_id", "name", name=op.f("uq_saved_filter_membership_id_name")),
    )
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns)


def downgrade():
    for name, table, _columns in reversed(INDEXES):
        op.drop_index(name, table)
    op.drop_table("saved_filter")
