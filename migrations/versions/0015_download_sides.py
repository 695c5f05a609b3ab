"""on which side somebody stood when he fetched a file

Revision: 0015, after 0014. Of earlier downloads, those of people who work at a lab count as the lab's.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

AT_A_LAB = (
    "UPDATE file_download SET by_lab = true WHERE user_id IN"
    " (SELECT user_id FROM membership WHERE role IN ('lab_admin', 'bench_crew'))"
)


def upgrade():
    op.add_column("file_download", sa.Column("by_lab", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute(AT_A_LAB)


def downgrade():
    op.drop_column("file_download", "by_lab")
