"""what a lab's test needs of the state of samples, and what it changes

Revision: 0017, after 0016.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
LIMITS = ("mileage_from", "mileage_to", "charge_from", "charge_to", "leaves_charge")


def upgrade():
    op.create_table(
        "sample_demand",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column("test_id", sa.String(length=60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("build_levels", JSON, nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in LIMITS),
        sa.Column("undamaged", sa.Boolean(), nullable=False),
        sa.Column("adds_km", sa.Integer(), nullable=False),
        sa.Column("leaves_damage", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_sample_demand_lab_id")),
        sa.ForeignKeyConstraint(["test_id"], ["test.id"], name=op.f("fk_sample_demand_test_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample_demand")),
        sa.UniqueConstraint("lab_id", "test_id", name=op.f("uq_sample_demand_lab_id_test_id")),
    )


def downgrade():
    op.drop_table("sample_demand")
