"""notices, outbox, choices of mail, the reader's place in the log

Revision: 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.database import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def receiver():
    return (
        sa.Column("user_id", sa.String(length=24), nullable=False),
        sa.Column("membership_id", sa.String(length=24), nullable=False),
    )


def upgrade():
    op.create_table(
        "notice",
        sa.Column("id", sa.String(length=24), nullable=False),
        *receiver(),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("side", sa.String(length=20), nullable=False),
        sa.Column("company_id", sa.String(length=60), nullable=True),
        sa.Column("lab_id", sa.String(length=60), nullable=True),
        sa.Column("facts", JSON, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.Column("in_digest", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_notice_user_id")),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_notice_membership_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("membership_id", "source", name=op.f("uq_notice_membership_id_source")),
    )
    op.create_index("ix_notice_unread", "notice", ["membership_id", "read_at"])
    op.create_index("ix_notice_listed", "notice", ["membership_id", "created_at"])
    op.create_index("ix_notice_source", "notice", ["source"])
    waiting = sa.text("in_digest")
    op.create_index("ix_notice_digest", "notice", ["user_id"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(length=24), nullable=False),
        *receiver(),
        sa.Column("notice_ids", JSON, nullable=False),
        sa.Column("daily", sa.Boolean(), nullable=False),
        sa.Column("to_address", sa.String(length=254), nullable=False),
        sa.Column("message_id", sa.String(length=320), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("claimed_by", sa.String(length=24), nullable=True),
        sa.Column("claimed_until", UtcDateTime(), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_outbox_user_id")),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_outbox_membership_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_message_id")),
    )
    op.create_index("ix_outbox_due", "outbox", ["state", "next_attempt_at"])
    op.create_index("ix_outbox_claim", "outbox", ["claimed_by"])
    op.create_table(
        "notice_choice",
        sa.Column("user_id", sa.String(length=24), nullable=False),
        sa.Column("group", sa.String(length=20), nullable=False),
        sa.Column("how", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_notice_choice_user_id")),
        sa.PrimaryKeyConstraint("user_id", "group", name=op.f("pk_notice_choice")),
    )
    op.create_table(
        "notice_cursor",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_notice_cursor")),
    )
    # What happened before there were notices is told to nobody.
    op.execute(
        "INSERT INTO notice_cursor (name, transaction_id, event_id) "
        "SELECT 'notices', transaction_id, id FROM event ORDER BY transaction_id DESC, id DESC LIMIT 1"
    )


def downgrade():
    op.drop_table("notice_cursor")
    op.drop_table("notice_choice")
    op.drop_table("outbox")
    op.drop_table("notice")
