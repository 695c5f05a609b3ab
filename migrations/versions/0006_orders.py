"""orders of several lines, contract review, messages

Revision: 0006, after 0005. Columns are added one by one: nothing is made anew, so rows and triggers stay.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.database import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def order_columns():
    return (
        sa.Column("direct", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("submitted_at", UtcDateTime(), nullable=True),
        sa.Column("returned_at", UtcDateTime(), nullable=True),
        sa.Column("purpose", sa.String(length=20), nullable=True),
        sa.Column("decision_rule", sa.Text(), server_default="", nullable=False),
        sa.Column("applicant", sa.Text(), server_default="", nullable=False),
        sa.Column("contract_number", sa.Text(), server_default="", nullable=False),
        sa.Column("amount", sa.Numeric(12, 2), nullable=True),
        sa.Column("witness", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("remains", sa.String(length=20), nullable=True),
        sa.Column("report_language", sa.String(length=20), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
    )


def line_columns():
    return (
        sa.Column("position", sa.Integer(), server_default="1", nullable=False),
        sa.Column("state", sa.String(length=20), server_default="draft", nullable=False),
        sa.Column("wants_proposal", sa.Boolean(), server_default=sa.false(), nullable=False),
    )


def parties():
    return (
        sa.Column("order_id", sa.String(length=24), nullable=False),
        sa.Column("company_id", sa.String(length=60), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
    )


def upgrade():
    for column in order_columns():
        op.add_column("order", column)
    for column in line_columns():
        op.add_column("order_line", column)
    # Until now an order had one line, whose state was the order's.
    op.execute('UPDATE order_line SET state = (SELECT o.state FROM "order" AS o WHERE o.id = order_line.order_id)')
    op.execute(
        'UPDATE "order" SET submitted_at = (SELECT min(l.submitted_at) FROM order_line AS l WHERE l.order_id = "order".id)'
    )
    op.create_table(
        "contract_review",
        sa.Column("id", sa.String(length=24), nullable=False),
        *parties(),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "accepted",
                "returned",
                "rejected",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "checklist", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("reviewed_by_id", sa.String(length=24), nullable=False),
        sa.Column("reviewed_at", UtcDateTime(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_contract_review_order_id")),
        sa.ForeignKeyConstraint(["company_id"], ["organisation.id"], name=op.f("fk_contract_review_company_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_contract_review_lab_id")),
        sa.ForeignKeyConstraint(["reviewed_by_id"], ["user.id"], name=op.f("fk_contract_review_reviewed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_review")),
        sa.UniqueConstraint("order_id", "round", name=op.f("uq_contract_review_order_id_round")),
    )
    op.create_table(
        "order_message",
        sa.Column("id", sa.String(length=24), nullable=False),
        *parties(),
        sa.Column("author_id", sa.String(length=24), nullable=False),
        sa.Column("by_lab", sa.Boolean(), nullable=False),
        sa.Column("internal", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_order_message_order_id")),
        sa.ForeignKeyConstraint(["company_id"], ["organisation.id"], name=op.f("fk_order_message_company_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_order_message_lab_id")),
        sa.ForeignKeyConstraint(["author_id"], ["user.id"], name=op.f("fk_order_message_author_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_message")),
    )
    op.create_index("ix_order_message_order", "order_message", ["order_id", "written_at"])
    op.create_table(
        "messages_read",
        sa.Column("order_id", sa.String(length=24), nullable=False),
        sa.Column("user_id", sa.String(length=24), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_messages_read_order_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_messages_read_user_id")),
        sa.PrimaryKeyConstraint("order_id", "user_id", name=op.f("pk_messages_read")),
    )


def downgrade():
    op.drop_table("messages_read")
    op.drop_index("ix_order_message_order", "order_message")
    op.drop_table("order_message")
    op.drop_table("contract_review")
    for column in reversed(line_columns()):
        op.drop_column("order_line", column.name)
    for column in reversed(order_columns()):
        op.drop_column("order", column.name)
