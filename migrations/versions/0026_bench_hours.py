"""the nightly table of hours of benches

Revision: 0026, after 0025. Empty until the job has run; hours are reckoned live until then.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.database import UtcDateTime

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade():
    op.create_table(
        "bench_month",
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.Column("seen", BIG, nullable=False),
        sa.Column("houses", JSON, nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_bench_month")),
    )
    op.create_table(
        "bench_cell",
        sa.Column("id", sa.String(24), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("lab_id", sa.String(60), nullable=False),
        sa.Column("pool", sa.String(60), nullable=False),
        sa.Column("kind_id", sa.String(60), nullable=False),
        sa.Column("hours", JSON, nullable=False),
        sa.Column("lost", JSON, nullable=False),
        sa.Column("lines", JSON, nullable=False),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_bench_cell_lab_id")),
        sa.ForeignKeyConstraint(["kind_id"], ["resource_kind.id"], name=op.f("fk_bench_cell_kind_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bench_cell")),
    )
    op.create_index("ix_bench_cell_month", "bench_cell", ["month", "lab_id"])


def downgrade():
    op.drop_table("bench_cell")
    op.drop_table("bench_month")
