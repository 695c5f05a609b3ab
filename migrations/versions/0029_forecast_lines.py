"""the dates of each line that counts among those that held

Revision: 0029, after 0028. Months are reckoned anew, so that their lines are there.
"""

import sqlalchemy as sa
from alembic import op

from app.database import UtcDateTime

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "forecast_line",
        sa.Column("order_line_id", sa.String(24), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("measured", sa.Boolean(), nullable=False),
        sa.Column("likely_at", UtcDateTime(), nullable=False),
        sa.Column("safe_at", UtcDateTime(), nullable=False),
        sa.Column("base_likely_at", UtcDateTime(), nullable=False),
        sa.Column("base_safe_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["order_line_id"], ["order_line.id"], name=op.f("fk_forecast_line_order_line_id")),
        sa.PrimaryKeyConstraint("order_line_id", name=op.f("pk_forecast_line")),
    )
    op.create_index("ix_forecast_line_month", "forecast_line", ["month"])
    op.execute("DELETE FROM forecast_held")
    op.execute("DELETE FROM forecast_month")


def downgrade():
    op.drop_table("forecast_line")
