"""the stopped clock and its share of a line's turnaround

Revision: 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

from app.database import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "clock_stop",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("order_id", sa.String(length=24), nullable=False),
        sa.Column("company_id", sa.String(length=60), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column(
            "cause",
            sa.Enum(
                "question",
                "sample",
                "payment",
                "witness",
                name="stopcause",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("started_by_id", sa.String(length=24), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("ended_at >= started_at", name=op.f("ck_clock_stop_ends_after_start")),
        sa.ForeignKeyConstraint(["company_id"], ["organisation.id"], name=op.f("fk_clock_stop_company_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_clock_stop_lab_id")),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_clock_stop_order_id")),
        sa.ForeignKeyConstraint(["started_by_id"], ["user.id"], name=op.f("fk_clock_stop_started_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_stop")),
    )
    with op.batch_alter_table("clock_stop", schema=None) as batch_op:
        batch_op.create_index(
            "ix_clock_stop_open",
            ["order_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.create_index("ix_clock_stop_order", ["order_id"], unique=False)

    # Columns are added one by one: nothing is made anew, so rows and triggers stay.
    op.add_column("order_line", sa.Column("customer_seconds", sa.Integer(), server_default="0", nullable=False))
    op.add_column("order_line", sa.Column("paused_seconds", sa.Integer(), server_default="0", nullable=False))


def downgrade():
    op.drop_column("order_line", "paused_seconds")
    op.drop_column("order_line", "customer_seconds")
    op.drop_table("clock_stop")
