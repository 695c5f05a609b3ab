"""versions of reports, and who may review and sign them

Revision: 0013, after 0012. Of the reports that were recorded before, each is the first edition of its line.
"""

import base64
import secrets

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.database import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
PEOPLE = ("drafted", "reviewed", "approved", "withdrawn")
ISSUED = (
    "state NOT IN ('issued', 'withdrawn') OR (number IS NOT NULL AND issued_at IS NOT NULL AND recorded_at IS NOT NULL"
    " AND recorded_by_id IS NOT NULL)"
)


def columns():
    yield sa.Column("edition", sa.Integer(), server_default="1", nullable=False)
    yield sa.Column("version", sa.Integer(), server_default="1", nullable=False)
    yield sa.Column("state", sa.String(length=20), server_default="issued", nullable=False)
    yield sa.Column("replaces_id", sa.String(length=24), nullable=True)
    yield sa.Column("verify_code", sa.String(length=24), nullable=True)
    yield sa.Column("file_id", sa.String(length=24), nullable=True)
    yield sa.Column("size", sa.BigInteger(), nullable=True)
    yield sa.Column("sha256", sa.String(length=64), nullable=True)
    yield sa.Column("comment", sa.Text(), server_default="", nullable=False)
    yield sa.Column("scope", JSON, nullable=True)
    yield sa.Column("withdrawn_reason", sa.Text(), server_default="", nullable=False)
    for what in PEOPLE:
        yield sa.Column(f"{what}_by_id", sa.String(length=24), nullable=True)
        yield sa.Column(f"{what}_at", UtcDateTime(), nullable=True)


def upgrade():
    with op.batch_alter_table("test_report") as batch_op:
        for column in columns():
            batch_op.add_column(column)
        batch_op.drop_index("ix_test_report_line")
    _give_codes()
    with op.batch_alter_table("test_report") as batch_op:
        batch_op.alter_column("verify_code", existing_type=sa.String(length=24), nullable=False)
        batch_op.alter_column("number", existing_type=sa.String(length=60), nullable=True)
        batch_op.alter_column("issued_at", existing_type=UtcDateTime(), nullable=True)
        batch_op.alter_column("recorded_by_id", existing_type=sa.String(length=24), nullable=True)
        batch_op.alter_column("recorded_at", existing_type=UtcDateTime(), nullable=True)
        batch_op.create_unique_constraint(
            op.f("uq_test_report_order_line_id_edition"), ["order_line_id", "edition"]
        )
        batch_op.create_unique_constraint(op.f("uq_test_report_verify_code"), ["verify_code"])
        batch_op.create_foreign_key(
            op.f("fk_test_report_replaces_id"), "test_report", ["replaces_id"], ["id"]
        )
        batch_op.create_foreign_key(op.f("fk_test_report_file_id"), "stored_file", ["file_id"], ["id"])
        for what in PEOPLE:
            batch_op.create_foreign_key(op.f(f"fk_test_report_{what}_by_id"), "user", [f"{what}_by_id"], ["id"])
        batch_op.create_check_constraint(op.f("ck_test_report_issued"), ISSUED)
        batch_op.create_check_constraint(
            op.f("ck_test_report_withdrawn"), "(state = 'withdrawn') = (withdrawn_at IS NOT NULL)"
        )
        batch_op.create_check_constraint(
            op.f("ck_test_report_file"),
            "(file_id IS NULL) = (sha256 IS NULL) AND (file_id IS NULL) = (size IS NULL)",
        )
        batch_op.create_index("ix_test_report_lab_state", ["lab_id", "state"])

    op.create_table(
        "lab_right",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column("membership_id", sa.String(length=24), nullable=False),
        sa.Column("right", sa.String(length=20), nullable=False),
        sa.Column("granted_by_id", sa.String(length=24), nullable=False),
        sa.Column("granted_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["granted_by_id"], ["user.id"], name=op.f("fk_lab_right_granted_by_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_lab_right_lab_id")),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_lab_right_membership_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lab_right")),
        sa.UniqueConstraint(
            "lab_id", "membership_id", "right", name=op.f("uq_lab_right_lab_id_membership_id_right")
        ),
    )
    op.create_table(
        "report_rule",
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column("distinct_people", sa.Boolean(), nullable=False),
        sa.Column("set_by_id", sa.String(length=24), nullable=False),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_report_rule_lab_id")),
        sa.ForeignKeyConstraint(["set_by_id"], ["user.id"], name=op.f("fk_report_rule_set_by_id")),
        sa.PrimaryKeyConstraint("lab_id", name=op.f("pk_report_rule")),
    )
    op.create_table(
        "report_reuse",
        sa.Column("order_line_id", sa.String(length=24), nullable=False),
        sa.Column("report_id", sa.String(length=24), nullable=False),
        sa.Column("company_id", sa.String(length=60), nullable=False),
        sa.Column("taken_by_id", sa.String(length=24), nullable=False),
        sa.Column("taken_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["organisation.id"], name=op.f("fk_report_reuse_company_id")),
        sa.ForeignKeyConstraint(["order_line_id"], ["order_line.id"], name=op.f("fk_report_reuse_order_line_id")),
        sa.ForeignKeyConstraint(["report_id"], ["test_report.id"], name=op.f("fk_report_reuse_report_id")),
        sa.ForeignKeyConstraint(["taken_by_id"], ["user.id"], name=op.f("fk_report_reuse_taken_by_id")),
        sa.PrimaryKeyConstraint("order_line_id", name=op.f("pk_report_reuse")),
    )


def _give_codes():
    report = sa.table("test_report", sa.column("id"), sa.column("verify_code"))
    connection = op.get_bind()
    ids = [ident for (ident,) in connection.execute(sa.select(report.c.id))]
    if ids:
        update = report.update().where(report.c.id == sa.bindparam("ident")).values(verify_code=sa.bindparam("code"))
        connection.execute(update, [{"ident": ident, "code": _code()} for ident in ids])


def _code():
    return base64.b32encode(secrets.token_bytes(10)).decode().lower()


def downgrade():
    op.drop_table("report_reuse")
    op.drop_table("report_rule")
    op.drop_table("lab_right")
    # Only the first edition of a line fits into the older table, and only once it was issued.
    op.execute("UPDATE test_report SET replaces_id = NULL")
    op.execute("DELETE FROM test_report WHERE edition > 1 OR number IS NULL")
    with op.batch_alter_table("test_report") as batch_op:
        batch_op.drop_index("ix_test_report_lab_state")
        for name in ("issued", "withdrawn", "file"):
            batch_op.drop_constraint(op.f(f"ck_test_report_{name}"), type_="check")
        for name in ("replaces_id", "file_id", *(f"{what}_by_id" for what in PEOPLE)):
            batch_op.drop_constraint(op.f(f"fk_test_report_{name}"), type_="foreignkey")
        batch_op.drop_constraint(op.f("uq_test_report_verify_code"), type_="unique")
        batch_op.drop_constraint(op.f("uq_test_report_order_line_id_edition"), type_="unique")
        for column in columns():
            batch_op.drop_column(column.name)
        for name, kind in (("number", sa.String(60)), ("recorded_by_id", sa.String(24))):
            batch_op.alter_column(name, existing_type=kind, nullable=False)
        for name in ("issued_at", "recorded_at"):
            batch_op.alter_column(name, existing_type=UtcDateTime(), nullable=False)
        batch_op.create_index("ix_test_report_line", ["order_line_id"], unique=True)
