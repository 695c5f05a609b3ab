"""taken time is read by its end from the index alone, start and all

Revision: 0022, after 0021.
"""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade():
    op.drop_index("ix_occupancy_end", "occupancy")
    op.create_index("ix_occupancy_end", "occupancy", ["resource_id", "ends_at", "starts_at"])


def downgrade():
    op.drop_index("ix_occupancy_end", "occupancy")
    op.create_index("ix_occupancy_end", "occupancy", ["resource_id", "ends_at"])
