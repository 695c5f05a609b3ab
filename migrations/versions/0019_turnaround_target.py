"""targets of turnaround

Revision: 0019, after 0018. One of each lab, and one of all labs together.
"""

import sqlalchemy as sa
from alembic import op

from app.database import UtcDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "turnaround_target",
        sa.Column("id", sa.String(24), nullable=False),
        sa.Column("lab_id", sa.String(60), nullable=True),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("set_by_id", sa.String(24), nullable=False),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("days BETWEEN 1 AND 365", name=op.f("ck_turnaround_target_days")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_turnaround_target_lab_id")),
        sa.ForeignKeyConstraint(["set_by_id"], ["user.id"], name=op.f("fk_turnaround_target_set_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_turnaround_target")),
        sa.UniqueConstraint("lab_id", name=op.f("uq_turnaround_target_lab_id")),
    )
    op.create_index(
        "ix_turnaround_target_all",
        "turnaround_target",
        [sa.text("(lab_id IS NULL)")],
        unique=True,
        sqlite_where=sa.text("lab_id IS NULL"),
        postgresql_where=sa.text("lab_id IS NULL"),
    )


def downgrade():
    op.drop_table("turnaround_target")
