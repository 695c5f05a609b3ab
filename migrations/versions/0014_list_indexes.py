"""indexes for the newest bookings of a company, for counting a lab's orders, and for what a line was repeated by

Revision: 0014, after 0013.
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_booking_company_created", "booking", ["company_id", "created_at"]),
    ("ix_order_lab_submitted", "order", ["lab_id", "state", "submitted_at"]),
    ("ix_order_line_retest", "order_line", ["retest_of_id"]),
)


def upgrade():
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns)


def downgrade():
    for name, table, _columns in reversed(INDEXES):
        op.drop_index(name, table)
