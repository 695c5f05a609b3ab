"""the version of a calendar address

Revision: 0036, after 0035. Of two who change one address at once the second is told.
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("feed_subscription", sa.Column("version", sa.Integer(), server_default="1", nullable=False))


def downgrade():
    op.drop_column("feed_subscription", "version")
