"""the lines of each company and lab in the nightly summary

Revision: 0028, after 0027. Empty until the job has run; figures are read live until then.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
AGAIN = sa.text("attempt > 1")
SIDES = ("company", "lab")


def upgrade():
    op.create_table(
        "summarised_lines",
        sa.Column("id", sa.String(24), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("company_id", sa.String(60), nullable=True),
        sa.Column("lab_id", sa.String(60), nullable=True),
        sa.Column("issued", sa.Integer(), nullable=False),
        *(sa.Column(name, JSON, nullable=False) for name in ("faulty", "labs", "domains")),
        *(sa.Column(name, sa.LargeBinary(), nullable=False) for name in ("total", "by_lab", "by_domain")),
        sa.Column("kinds", JSON, nullable=False),
        *(sa.Column(name, sa.LargeBinary(), nullable=False) for name in ("by_kind", "lines")),
        sa.Column("line_ids", sa.Text(), nullable=False),
        sa.CheckConstraint("(company_id IS NULL) <> (lab_id IS NULL)", name=op.f("ck_summarised_lines_one_side")),
        sa.ForeignKeyConstraint(
            ["company_id"], ["organisation.id"], name=op.f("fk_summarised_lines_company_id")
        ),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_summarised_lines_lab_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_summarised_lines")),
        sa.UniqueConstraint("company_id", "month", name=op.f("uq_summarised_lines_company_id_month")),
        sa.UniqueConstraint("lab_id", "month", name=op.f("uq_summarised_lines_lab_id_month")),
    )
    op.create_index("ix_summarised_lines_month", "summarised_lines", ["month"])
    for side in SIDES:
        op.create_index(
            f"ix_order_line_{side}_again",
            "order_line",
            [f"{side}_id", "issued_at"],
            sqlite_where=AGAIN,
            postgresql_where=AGAIN,
        )
        for table in ("clock_stop", "run_pause"):
            op.create_index(f"ix_{table}_{side}", table, [f"{side}_id", "started_at"])


def downgrade():
    for side in SIDES:
        op.drop_index(f"ix_order_line_{side}_again", "order_line")
        for table in ("clock_stop", "run_pause"):
            op.drop_index(f"ix_{table}_{side}", table)
    op.drop_table("summarised_lines")
