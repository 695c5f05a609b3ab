"""indexes that every booking wrote for nothing

Revision: 0033, after 0032. Four are the beginning of another index, which answers the same. Three are of columns that
are empty in nearly every row: only the others stand in them now.
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

BEGINNINGS = (
    ("ix_booking_lab_state", "booking", ["lab_id", "state"]),
    ("ix_order_company", "order", ["company_id"]),
    ("ix_order_lab", "order", ["lab_id"]),
    ("ix_order_line_lab_issued", "order_line", ["lab_id", "issued_at"]),
)
MOSTLY_EMPTY = (
    ("ix_booking_hold", "booking", "hold_expires_at"),
    ("ix_occupancy_closure", "occupancy", "closure_id"),
    ("ix_order_line_retest", "order_line", "retest_of_id"),
)


def upgrade():
    for name, table, _columns in BEGINNINGS:
        op.drop_index(name, table)
    for name, table, column in MOSTLY_EMPTY:
        op.drop_index(name, table)
        where = sa.text(f"{column} IS NOT NULL")
        op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)


def downgrade():
    for name, table, column in MOSTLY_EMPTY:
        op.drop_index(name, table)
        op.create_index(name, table, [column])
    for name, table, columns in BEGINNINGS:
        op.create_index(name, table, columns)
