"""when a calendar address was last fetched, and by which program

Revision: 0031, after 0030.
"""

import sqlalchemy as sa
from alembic import op

from app.database import UtcDateTime

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("feed_subscription", sa.Column("fetched_at", UtcDateTime(), nullable=True))
    op.add_column("feed_subscription", sa.Column("fetched_by", sa.Text(), nullable=True))


def downgrade():
    op.drop_column("feed_subscription", "fetched_by")
    op.drop_column("feed_subscription", "fetched_at")
