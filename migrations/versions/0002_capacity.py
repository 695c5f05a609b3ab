"""capacity

Revision: 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.database import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KINDS = ("maintenance", "calibration", "breakdown", "other")
MORE_KINDS = ("maintenance", "calibration", "breakdown", "power", "weather", "other")


def allow_kinds(kinds):
    """SQLite can't change a constraint: the table is made anew. Bookings and occupancy keep pointing at its rows."""
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("closurekind", "closure", type_="check")
        op.create_check_constraint("closurekind", "closure", f"kind IN ({listed})")
        return
    made = op.get_bind().exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 'closure'").scalar_one()
    head, _, rest = made.partition("CHECK (kind IN (")
    now = head + f"CHECK (kind IN ({listed}" + rest[rest.index(")") :]
    op.execute(
        now.replace("TABLE closure", "TABLE closure_anew", 1).replace('TABLE "closure"', "TABLE closure_anew", 1)
    )
    op.execute("INSERT INTO closure_anew SELECT * FROM closure")
    op.execute("DROP TABLE closure")
    op.execute("ALTER TABLE closure_anew RENAME TO closure")
    op.create_index("ix_closure_resource", "closure", ["resource_id", "starts_at"])


def upgrade():
    op.create_table(
        "bench_state",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column("pool", sa.String(length=60), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_bench_state_lab_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bench_state")),
    )
    with op.batch_alter_table("bench_state", schema=None) as batch_op:
        batch_op.create_index("ix_bench_state_lab", ["lab_id"], unique=False)

    op.create_table(
        "lab_rule",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column("pool", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column(
            "value", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("owner_id", sa.String(length=24), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_lab_rule_lab_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name=op.f("fk_lab_rule_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lab_rule")),
        sa.UniqueConstraint("lab_id", "pool", "kind", name=op.f("uq_lab_rule_lab_id_pool_kind")),
    )
    with op.batch_alter_table("lab_rule", schema=None) as batch_op:
        batch_op.create_index("ix_lab_rule_lab", ["lab_id"], unique=False)

    op.create_table(
        "changeover",
        sa.Column("from_state_id", sa.String(length=24), nullable=False),
        sa.Column("to_state_id", sa.String(length=24), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.CheckConstraint("minutes > 0 AND minutes <= 10080", name=op.f("ck_changeover_minutes")),
        sa.ForeignKeyConstraint(["from_state_id"], ["bench_state.id"], name=op.f("fk_changeover_from_state_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_changeover_lab_id")),
        sa.ForeignKeyConstraint(["to_state_id"], ["bench_state.id"], name=op.f("fk_changeover_to_state_id")),
        sa.PrimaryKeyConstraint("from_state_id", "to_state_id", name=op.f("pk_changeover")),
    )
    op.create_table(
        "companion",
        sa.Column("pool", sa.String(length=60), nullable=False),
        sa.Column("test_id", sa.String(length=60), nullable=False),
        sa.Column("companion_pool", sa.String(length=60), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_companion_lab_id")),
        sa.ForeignKeyConstraint(["test_id"], ["test.id"], name=op.f("fk_companion_test_id")),
        sa.PrimaryKeyConstraint("pool", "test_id", "companion_pool", name=op.f("pk_companion")),
    )
    op.create_table(
        "lab_day",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column("resource_id", sa.String(length=64), nullable=True),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column(
            "hours", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column(
            "audience",
            sa.Enum("all", "company", "reserve", name="audience", native_enum=False, create_constraint=True, length=20),
            nullable=False,
        ),
        sa.Column("company_id", sa.String(length=60), nullable=True),
        sa.Column("created_by_id", sa.String(length=24), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("(audience = 'company') = (company_id IS NOT NULL)", name=op.f("ck_lab_day_company")),
        sa.ForeignKeyConstraint(["company_id"], ["organisation.id"], name=op.f("fk_lab_day_company_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_lab_day_created_by_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_lab_day_lab_id")),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_lab_day_resource_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lab_day")),
        sa.UniqueConstraint("lab_id", "resource_id", "date", name=op.f("uq_lab_day_lab_id_resource_id_date")),
    )
    with op.batch_alter_table("lab_day", schema=None) as batch_op:
        batch_op.create_index("ix_lab_day_lab", ["lab_id", "date"], unique=False)
        batch_op.create_index(
            "uq_lab_day_whole",
            ["lab_id", "date"],
            unique=True,
            sqlite_where=sa.text("resource_id IS NULL"),
            postgresql_where=sa.text("resource_id IS NULL"),
        )

    op.create_table(
        "limitation",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column("resource_id", sa.String(length=64), nullable=False),
        sa.Column("quantity", sa.String(length=20), nullable=False),
        sa.Column("minimum", sa.Double(), nullable=True),
        sa.Column("maximum", sa.Double(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("created_by_id", sa.String(length=24), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_limitation_ends_after_start")),
        sa.CheckConstraint("minimum IS NOT NULL OR maximum IS NOT NULL", name=op.f("ck_limitation_limits_something")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_limitation_created_by_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_limitation_lab_id")),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_limitation_resource_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_limitation")),
    )
    with op.batch_alter_table("limitation", schema=None) as batch_op:
        batch_op.create_index("ix_limitation_lab", ["lab_id"], unique=False)

    op.create_table(
        "resource_link",
        sa.Column("one_id", sa.String(length=64), nullable=False),
        sa.Column("other_id", sa.String(length=64), nullable=False),
        sa.Column(
            "nearness",
            sa.Enum("excludes", "neighbour", name="nearness", native_enum=False, create_constraint=True, length=20),
            nullable=False,
        ),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.CheckConstraint("one_id < other_id", name=op.f("ck_resource_link_one_way_of_writing")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_resource_link_lab_id")),
        sa.ForeignKeyConstraint(["one_id"], ["resource.id"], name=op.f("fk_resource_link_one_id")),
        sa.ForeignKeyConstraint(["other_id"], ["resource.id"], name=op.f("fk_resource_link_other_id")),
        sa.PrimaryKeyConstraint("one_id", "other_id", name=op.f("pk_resource_link")),
    )
    op.create_table(
        "shift_pattern",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column("resource_id", sa.String(length=64), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("replaces", sa.String(length=20), nullable=False),
        sa.Column(
            "shifts", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("continuous", sa.Boolean(), nullable=False),
        sa.Column("daylight", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("created_by_id", sa.String(length=24), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "valid_until IS NULL OR valid_from IS NULL OR valid_until >= valid_from",
            name=op.f("ck_shift_pattern_validity"),
        ),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_shift_pattern_created_by_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_shift_pattern_lab_id")),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_shift_pattern_resource_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_pattern")),
    )
    with op.batch_alter_table("shift_pattern", schema=None) as batch_op:
        batch_op.create_index("ix_shift_pattern_lab", ["lab_id"], unique=False)

    op.add_column(
        "booking",
        sa.Column(
            "footprint",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            server_default="[]",
            nullable=False,
        ),
    )
    op.add_column("booking", sa.Column("exclusive", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("booking", sa.Column("shielded", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("booking", sa.Column("series_id", sa.String(length=24), nullable=True))

    op.add_column("capability", sa.Column("setup_minutes", sa.Integer(), nullable=True))
    op.add_column("capability", sa.Column("run_minutes", sa.Integer(), nullable=True))
    op.add_column("capability", sa.Column("teardown_minutes", sa.Integer(), nullable=True))
    op.add_column("capability", sa.Column("report_days", sa.Integer(), nullable=True))
    op.add_column(
        "capability",
        sa.Column(
            "needs",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            server_default="{}",
            nullable=False,
        ),
    )
    op.add_column(
        "capability",
        sa.Column(
            "sample_limits",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            server_default="{}",
            nullable=False,
        ),
    )
    op.add_column("capability", sa.Column("state_id", sa.String(length=24), nullable=True))
    op.add_column("capability", sa.Column("valid_from", sa.Date(), nullable=True))
    op.add_column("capability", sa.Column("valid_until", sa.Date(), nullable=True))
    op.add_column("capability", sa.Column("version", sa.Integer(), server_default="1", nullable=False))

    op.add_column(
        "closure",
        sa.Column(
            "places",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            server_default="[]",
            nullable=False,
        ),
    )
    op.add_column("closure", sa.Column("open_end", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("closure", sa.Column("series_id", sa.String(length=24), nullable=True))

    op.add_column("lab", sa.Column("setup_version", sa.String(length=24), server_default="", nullable=False))

    op.add_column(
        "move_proposal",
        sa.Column(
            "footprint",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            server_default="[]",
            nullable=False,
        ),
    )

    op.add_column("occupancy", sa.Column("state_id", sa.String(length=24), nullable=True))
    op.add_column("occupancy", sa.Column("company_id", sa.String(length=60), nullable=True))
    op.add_column("occupancy", sa.Column("shielded", sa.Boolean(), server_default=sa.false(), nullable=False))

    op.add_column("resource", sa.Column("whole_id", sa.String(length=64), nullable=True))
    op.add_column(
        "resource",
        sa.Column(
            "envelope",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            server_default="{}",
            nullable=False,
        ),
    )
    op.add_column("resource", sa.Column("calibration_months", sa.Integer(), nullable=True))
    op.add_column("resource", sa.Column("calibration_due", sa.Date(), nullable=True))
    op.add_column("resource", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    allow_kinds(MORE_KINDS)
    op.execute(
        "UPDATE occupancy SET company_id = (SELECT company_id FROM booking WHERE booking.id = occupancy.booking_id)"
        " WHERE booking_id IS NOT NULL"
    )


def downgrade():
    op.execute("UPDATE closure SET kind = 'other' WHERE kind IN ('power', 'weather')")
    allow_kinds(KINDS)
    op.drop_column("resource", "version")
    op.drop_column("resource", "calibration_due")
    op.drop_column("resource", "calibration_months")
    op.drop_column("resource", "envelope")
    op.drop_column("resource", "whole_id")

    op.drop_column("occupancy", "shielded")
    op.drop_column("occupancy", "company_id")
    op.drop_column("occupancy", "state_id")

    op.drop_column("move_proposal", "footprint")

    op.drop_column("lab", "setup_version")

    op.drop_column("closure", "series_id")
    op.drop_column("closure", "open_end")
    op.drop_column("closure", "places")

    op.drop_column("capability", "version")
    op.drop_column("capability", "valid_until")
    op.drop_column("capability", "valid_from")
    op.drop_column("capability", "state_id")
    op.drop_column("capability", "sample_limits")
    op.drop_column("capability", "needs")
    op.drop_column("capability", "report_days")
    op.drop_column("capability", "teardown_minutes")
    op.drop_column("capability", "run_minutes")
    op.drop_column("capability", "setup_minutes")

    op.drop_column("booking", "series_id")
    op.drop_column("booking", "shielded")
    op.drop_column("booking", "exclusive")
    op.drop_column("booking", "footprint")

    with op.batch_alter_table("shift_pattern", schema=None) as batch_op:
        batch_op.drop_index("ix_shift_pattern_lab")

    op.drop_table("shift_pattern")
    op.drop_table("resource_link")
    with op.batch_alter_table("limitation", schema=None) as batch_op:
        batch_op.drop_index("ix_limitation_lab")

    op.drop_table("limitation")
    with op.batch_alter_table("lab_day", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_lab_day_whole",
            sqlite_where=sa.text("resource_id IS NULL"),
            postgresql_where=sa.text("resource_id IS NULL"),
        )
        batch_op.drop_index("ix_lab_day_lab")

    op.drop_table("lab_day")
    op.drop_table("companion")
    op.drop_table("changeover")
    with op.batch_alter_table("lab_rule", schema=None) as batch_op:
        batch_op.drop_index("ix_lab_rule_lab")

    op.drop_table("lab_rule")
    with op.batch_alter_table("bench_state", schema=None) as batch_op:
        batch_op.drop_index("ix_bench_state_lab")

    op.drop_table("bench_state")
