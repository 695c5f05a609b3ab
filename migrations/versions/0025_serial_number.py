"""samples: serial number of what has no VIN

Revision: 0025, after 0024.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("sample", sa.Column("serial_number", sa.String(40), nullable=True))
    op.create_index("ix_sample_company_serial", "sample", ["company_id", "serial_number"])


def downgrade():
    op.drop_index("ix_sample_company_serial", "sample")
    with op.batch_alter_table("sample") as table:
        table.drop_column("serial_number")
