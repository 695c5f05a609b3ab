"""what each wish of the waiting list was told, when it is looked at again, what it has become

Revision: 0039, after 0038. All wishes are looked at once after it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

OPEN = sa.text("ended_at IS NULL")
BOOKED = sa.text("booking_id IS NOT NULL")


def upgrade():
    json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    instant = sa.DateTime(timezone=True)
    first = "1970-01-01 00:00:00.000000" if op.get_bind().dialect.name == "sqlite" else "1970-01-01 00:00:00+00"
    op.add_column("waitlist_entry", sa.Column("look_at", instant, server_default=first, nullable=False))
    op.add_column("waitlist_entry", sa.Column("told", json, server_default="{}", nullable=False))
    with op.batch_alter_table("waitlist_entry") as table:
        table.add_column(sa.Column("booking_id", sa.String(length=24), nullable=True))
        table.create_foreign_key(op.f("fk_waitlist_entry_booking_id"), "booking", ["booking_id"], ["id"])
    op.create_index(
        "ix_waitlist_entry_booking",
        "waitlist_entry",
        ["booking_id"],
        sqlite_where=BOOKED,
        postgresql_where=BOOKED,
    )
    op.create_index("ix_waitlist_entry_look", "waitlist_entry", ["look_at"], sqlite_where=OPEN, postgresql_where=OPEN)


def downgrade():
    op.drop_index("ix_waitlist_entry_look", "waitlist_entry")
    op.drop_index("ix_waitlist_entry_booking", "waitlist_entry")
    with op.batch_alter_table("waitlist_entry") as table:
        table.drop_constraint(op.f("fk_waitlist_entry_booking_id"), type_="foreignkey")
        table.drop_column("booking_id")
    for column in ("told", "look_at"):
        op.drop_column("waitlist_entry", column)
