"""amendments of orders, filters that people keep, and indexes for the lists that they work from

Revision: 0012, after 0011.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.database import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

STATES = ("proposed", "accepted", "refused", "withdrawn")
INDEXES = (
    ("ix_order_company_state", "order", ["company_id", "state", "created_at", "id"]),
    ("ix_order_lab_state", "order", ["lab_id", "state", "created_at", "id"]),
    ("ix_order_line_lab_ended", "order_line", ["lab_id", "issued_at", "ended_at"]),
    ("ix_booking_lab_state_start", "booking", ["lab_id", "state", "starts_at"]),
    ("ix_sample_company_state", "sample", ["company_id", "state"]),
    ("ix_order_amendment_company_state", "order_amendment", ["company_id", "state"]),
    ("ix_order_amendment_lab_state", "order_amendment", ["lab_id", "state"]),
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
    op.create_table(
        "order_amendment",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("order_id", sa.String(length=24), nullable=False),
        sa.Column("company_id", sa.String(length=60), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("by_lab", sa.Boolean(), nullable=False),
        sa.Column("line_id", sa.String(length=24), nullable=True),
        sa.Column(
            "changes", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(*STATES, name="amendmentstate", native_enum=False, create_constraint=True, length=20),
            nullable=False,
        ),
        sa.Column("proposed_by_id", sa.String(length=24), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_by_id", sa.String(length=24), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("(state = 'proposed') = (answered_at IS NULL)", name=op.f("ck_order_amendment_answer")),
        sa.ForeignKeyConstraint(["answered_by_id"], ["user.id"], name=op.f("fk_order_amendment_answered_by_id")),
        sa.ForeignKeyConstraint(["company_id"], ["organisation.id"], name=op.f("fk_order_amendment_company_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_order_amendment_lab_id")),
        sa.ForeignKeyConstraint(["line_id"], ["order_line.id"], name=op.f("fk_order_amendment_line_id")),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_order_amendment_order_id")),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["user.id"], name=op.f("fk_order_amendment_proposed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_amendment")),
        sa.UniqueConstraint("order_id", "number", name=op.f("uq_order_amendment_order_id_number")),
    )
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns)


def downgrade():
    for name, table, _columns in reversed(INDEXES):
        op.drop_index(name, table)
    op.drop_table("order_amendment")
    op.drop_table("saved_filter")
