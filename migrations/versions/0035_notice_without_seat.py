"""notices and mails to people with an account and no seat

Revision: 0035, after 0034.
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

TABLES = ("notice", "outbox")


def upgrade():
    for table in TABLES:
        with op.batch_alter_table(table) as batch:
            batch.alter_column("membership_id", existing_type=sa.String(length=24), nullable=True)


def downgrade():
    for table in TABLES:
        op.execute(f"DELETE FROM {table} WHERE membership_id IS NULL")
        with op.batch_alter_table(table) as batch:
            batch.alter_column("membership_id", existing_type=sa.String(length=24), nullable=False)
