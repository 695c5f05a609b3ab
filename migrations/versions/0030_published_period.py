"""what the night publishes of all companies' turnaround

Revision: 0030, after 0029. Empty until the job has run; figures are reckoned from the summary until then.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.database import UtcDateTime

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade():
    op.create_table(
        "published_period",
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        *(sa.Column(name, JSON, nullable=False) for name in ("made", "facts", "tests", "kinds")),
        sa.PrimaryKeyConstraint("first", "last", name=op.f("pk_published_period")),
    )


def downgrade():
    op.drop_table("published_period")
