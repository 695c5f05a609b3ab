"""the nightly summary of turnaround

Revision: 0021, after 0020. Empty until the job has run; figures are read live until then.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.database import UtcDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade():
    op.create_table(
        "summarised_month",
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.Column("issued", sa.Integer(), nullable=False),
        sa.Column("made", sa.String(24), nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_summarised_month")),
    )
    op.create_table(
        "summarised_cell",
        sa.Column("id", sa.String(24), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("lab_id", sa.String(60), nullable=True),
        sa.Column("test_id", sa.String(60), nullable=True),
        sa.Column("domain_id", sa.String(60), nullable=False),
        sa.Column("province", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("lab_province", sa.Text(), nullable=True),
        sa.Column("whole", JSON, nullable=False),
        sa.Column("working", JSON, nullable=False),
        sa.Column("sums", JSON, nullable=False),
        sa.Column("companies", JSON, nullable=False),
        sa.CheckConstraint("(lab_id IS NULL) = (test_id IS NULL)", name=op.f("ck_summarised_cell_lab_and_test")),
        sa.CheckConstraint("(lab_id IS NULL) <> (province IS NULL)", name=op.f("ck_summarised_cell_lab_or_way")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_summarised_cell_lab_id")),
        sa.ForeignKeyConstraint(["test_id"], ["test.id"], name=op.f("fk_summarised_cell_test_id")),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name=op.f("fk_summarised_cell_domain_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_summarised_cell")),
    )
    op.create_index("ix_summarised_cell_month", "summarised_cell", ["month", "lab_id"])


def downgrade():
    op.drop_table("summarised_cell")
    op.drop_table("summarised_month")
