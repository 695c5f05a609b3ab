"""how often forecast dates held

Revision: 0023, after 0022. Empty until the job has run.
"""

import sqlalchemy as sa
from alembic import op

from app.database import UtcDateTime

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

COUNTS = ("lines", "measured", "likely", "safe", "base_likely", "base_safe")


def upgrade():
    op.create_table(
        "forecast_month",
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.Column("ended", sa.Integer(), nullable=False),
        sa.Column("open", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_forecast_month")),
    )
    op.create_table(
        "forecast_held",
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("company_id", sa.String(60), nullable=False),
        sa.Column("lab_id", sa.String(60), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTS),
        sa.CheckConstraint(
            "likely <= lines AND safe <= lines AND measured <= lines", name=op.f("ck_forecast_held_counts")
        ),
        sa.CheckConstraint(
            "base_likely <= lines AND base_safe <= lines", name=op.f("ck_forecast_held_base_counts")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["organisation.id"], name=op.f("fk_forecast_held_company_id")
        ),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_forecast_held_lab_id")),
        sa.PrimaryKeyConstraint("month", "company_id", "lab_id", name=op.f("pk_forecast_held")),
    )
    op.create_index("ix_forecast_held_company", "forecast_held", ["company_id", "month"])
    op.create_index("ix_forecast_held_lab", "forecast_held", ["lab_id", "month"])


def downgrade():
    op.drop_table("forecast_held")
    op.drop_table("forecast_month")
