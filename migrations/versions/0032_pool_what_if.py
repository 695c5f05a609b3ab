"""what more capacity would have brought to each pool of a lab

Revision: 0032, after 0031. Empty until the job has run, or a lab has asked.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.database import UtcDateTime

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "pool_what_if",
        sa.Column("lab_id", sa.String(60), nullable=False),
        sa.Column("pool", sa.String(60), nullable=False),
        sa.Column("months", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("house", sa.String(64), nullable=False),
        sa.Column("result", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_pool_what_if_lab_id_lab")),
        sa.PrimaryKeyConstraint("lab_id", "pool", "months", name=op.f("pk_pool_what_if")),
    )


def downgrade():
    op.drop_table("pool_what_if")
