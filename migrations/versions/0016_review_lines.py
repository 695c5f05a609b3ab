"""what a contract review checked of each line

Revision: 0016, after 0015. Rounds before say it of the order as a whole.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade():
    op.add_column("contract_review", sa.Column("lines", JSON, server_default="{}", nullable=False))


def downgrade():
    op.drop_column("contract_review", "lines")
