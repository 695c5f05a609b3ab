"""until when the use before a booking is expected to keep its bench

Revision: 0020, after 0019.
"""

import sqlalchemy as sa
from alembic import op

from app.database import UtcDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("booking", sa.Column("delayed_until", UtcDateTime(), nullable=True))


def downgrade():
    op.drop_column("booking", "delayed_until")
