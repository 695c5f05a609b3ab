"""why a booking is moved, and by how much late samples put a line's bench time off

Revision: 0038, after 0037.
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("move_proposal", sa.Column("cause", sa.String(length=20), nullable=True))
    op.add_column("order_line", sa.Column("sample_late_seconds", sa.Integer(), server_default="0", nullable=False))


def downgrade():
    op.drop_column("order_line", "sample_late_seconds")
    op.drop_column("move_proposal", "cause")
