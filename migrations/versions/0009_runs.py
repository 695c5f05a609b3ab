"""runs: pauses, results, tokens of benches; retests; proposals after a delay

Revision: 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.database import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "bench_token",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("resource_id", sa.String(length=64), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column("membership_id", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_bench_token_lab_id")),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_bench_token_membership_id")),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_bench_token_resource_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bench_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_bench_token_digest")),
    )
    with op.batch_alter_table("bench_token", schema=None) as batch_op:
        batch_op.create_index("ix_bench_token_lab", ["lab_id"], unique=False)

    op.create_table(
        "run_pause",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("booking_id", sa.String(length=24), nullable=False),
        sa.Column("order_line_id", sa.String(length=24), nullable=False),
        sa.Column("company_id", sa.String(length=60), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column(
            "cause",
            sa.Enum(
                "equipment",
                "sample",
                "customer",
                "supply",
                "staff",
                "weather",
                name="pausecause",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("by_id", sa.String(length=24), nullable=False),
        sa.CheckConstraint("ended_at >= started_at", name=op.f("ck_run_pause_ends_after_start")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_run_pause_booking_id")),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name=op.f("fk_run_pause_by_id")),
        sa.ForeignKeyConstraint(["company_id"], ["organisation.id"], name=op.f("fk_run_pause_company_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_run_pause_lab_id")),
        sa.ForeignKeyConstraint(["order_line_id"], ["order_line.id"], name=op.f("fk_run_pause_order_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_pause")),
    )
    with op.batch_alter_table("run_pause", schema=None) as batch_op:
        batch_op.create_index("ix_run_pause_booking", ["booking_id"], unique=False)
        batch_op.create_index("ix_run_pause_line", ["order_line_id"], unique=False)
        batch_op.create_index(
            "ix_run_pause_open",
            ["booking_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "run_result",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("booking_id", sa.String(length=24), nullable=False),
        sa.Column("order_line_id", sa.String(length=24), nullable=False),
        sa.Column("company_id", sa.String(length=60), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column(
            "result",
            sa.Enum("passed", "failed", "invalid", name="result", native_enum=False, create_constraint=True, length=20),
            nullable=False,
        ),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column(
            "equipment", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("judged_by_id", sa.String(length=24), nullable=False),
        sa.Column("judged_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_run_result_booking_id")),
        sa.ForeignKeyConstraint(["company_id"], ["organisation.id"], name=op.f("fk_run_result_company_id")),
        sa.ForeignKeyConstraint(["judged_by_id"], ["user.id"], name=op.f("fk_run_result_judged_by_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_run_result_lab_id")),
        sa.ForeignKeyConstraint(["order_line_id"], ["order_line.id"], name=op.f("fk_run_result_order_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_result")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_run_result_booking_id")),
    )
    with op.batch_alter_table("run_result", schema=None) as batch_op:
        batch_op.create_index("ix_run_result_line", ["order_line_id"], unique=False)

    # Columns are added one by one: nothing is made anew, so rows and triggers stay.
    op.add_column("move_proposal", sa.Column("delay", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("order_line", sa.Column("attempt", sa.Integer(), server_default="1", nullable=False))
    op.add_column("order_line", sa.Column("retest_of_id", sa.String(length=24), nullable=True))
    op.add_column("order_line", sa.Column("retest_cause", sa.String(length=20), nullable=True))


def downgrade():
    for name in ("retest_cause", "retest_of_id", "attempt"):
        op.drop_column("order_line", name)
    op.drop_column("move_proposal", "delay")
    op.drop_table("run_result")
    op.drop_table("run_pause")
    op.drop_table("bench_token")
