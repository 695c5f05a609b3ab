"""index rows that every booking wrote for nothing

Revision: 0037, after 0036. The index of a test's issued lines at a lab no longer holds those that are under way. The
order of the log by transactions is PostgreSQL's alone: on SQLite it is that of the ids.
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

ISSUED, TRANSACTION = "ix_order_line_test_lab_issued", "ix_event_transaction"


def remake(where):
    op.drop_index(ISSUED, "order_line")
    columns = ["test_id", "lab_id", "issued_at"]
    op.create_index(ISSUED, "order_line", columns, sqlite_where=where, postgresql_where=where)


def upgrade():
    remake(sa.text("issued_at IS NOT NULL"))
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index(TRANSACTION, "event")


def downgrade():
    if op.get_bind().dialect.name == "sqlite":
        op.create_index(TRANSACTION, "event", ["transaction_id", "id"])
    remake(None)
