"""what more capacity would have brought by kind of bench

Revision: 0027, after 0026. Empty until the job has run.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.database import UtcDateTime

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "bench_what_if",
        sa.Column("through", sa.String(7), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("result", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("through", name=op.f("pk_bench_what_if")),
    )


def downgrade():
    op.drop_table("bench_what_if")
