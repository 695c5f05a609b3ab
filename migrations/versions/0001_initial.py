"""initial

Revision: 0001, after None.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.database import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


# The rows of one place never overlap, so the last one that starts before the new end also ends last: one
# index step decides, however long the history is.
SQLITE_GUARD = """
CREATE TRIGGER occupancy_no_overlap_{name} BEFORE {verb} ON occupancy
WHEN (
  SELECT other.ends_at FROM occupancy AS other
  WHERE other.resource_id = NEW.resource_id AND other.place = NEW.place
    AND other.starts_at < NEW.ends_at AND other.id <> NEW.id
  ORDER BY other.starts_at DESC LIMIT 1
) > NEW.starts_at
BEGIN SELECT RAISE(ABORT, 'occupancy_overlap'); END
"""

POSTGRESQL_GUARD = """
ALTER TABLE occupancy ADD CONSTRAINT occupancy_overlap EXCLUDE USING gist
  (resource_id WITH =, place WITH =, tstzrange(starts_at, ends_at, '[)') WITH &&)
"""


def upgrade():
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.create_table(
        "catalogue_load",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("loaded_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_load")),
    )
    op.create_table(
        "domain",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("parent_id", sa.String(length=60), nullable=True),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("description_zh", sa.Text(), nullable=False),
        sa.Column("description_en", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "sources", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("origin", sa.String(length=20), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["parent_id"], ["domain.id"], name=op.f("fk_domain_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_domain")),
    )
    op.create_table(
        "job_run",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("slot", UtcDateTime(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(length=120), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "running",
                "done",
                "failed",
                "interrupted",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_run")),
        sa.UniqueConstraint("name", "slot", "attempt", name=op.f("uq_job_run_name_slot_attempt")),
    )
    with op.batch_alter_table("job_run", schema=None) as batch_op:
        batch_op.create_index("ix_job_run_started", ["name", "started_at"], unique=False)

    op.create_table(
        "organisation",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("short_zh", sa.Text(), nullable=False),
        sa.Column("short_en", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "company",
                "lab_operator",
                "authority",
                name="organisationkind",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("province", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("credit_code", sa.String(length=18), nullable=True),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column(
            "sources", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("demo", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("origin", sa.String(length=20), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("credit_code", name=op.f("uq_organisation_credit_code")),
    )
    op.create_table(
        "scheduler_lease",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("holder", sa.String(length=120), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheduler_lease")),
    )
    op.create_table(
        "sign_in_failure",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_failure")),
    )
    with op.batch_alter_table("sign_in_failure", schema=None) as batch_op:
        batch_op.create_index("ix_sign_in_failure_email", ["email", "at"], unique=False)

    op.create_table(
        "source",
        sa.Column("id", sa.String(length=20), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("date", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("supports", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
    )
    op.create_table(
        "user",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("locale", sa.String(length=10), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("session_version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint("email", name=op.f("uq_user_email")),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=16), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("subject_type", sa.String(length=30), nullable=False),
        sa.Column("subject_id", sa.String(length=24), nullable=False),
        sa.Column("company_id", sa.String(length=60), nullable=True),
        sa.Column("lab_id", sa.String(length=60), nullable=True),
        sa.Column("actor_id", sa.String(length=24), nullable=True),
        sa.Column("actor_role", sa.String(length=20), nullable=True),
        sa.Column(
            "data", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name=op.f("fk_event_actor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint("key", name=op.f("uq_event_key")),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index("ix_event_company", ["company_id", "id"], unique=False)
        batch_op.create_index("ix_event_lab", ["lab_id", "id"], unique=False)
        batch_op.create_index("ix_event_subject", ["subject_id"], unique=False)
        batch_op.create_index("ix_event_transaction", ["transaction_id", "id"], unique=False)

    op.create_table(
        "invitation",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("organisation_id", sa.String(length=60), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "engineer",
                "company_manager",
                "lab_admin",
                "bench_crew",
                "coordinator",
                "system_admin",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "lab_ids", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("invited_by_id", sa.String(length=24), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("accepted_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["invited_by_id"], ["user.id"], name=op.f("fk_invitation_invited_by_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_invitation_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("digest", name=op.f("uq_invitation_digest")),
    )
    op.create_table(
        "lab",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("organisation_id", sa.String(length=60), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("short_zh", sa.Text(), nullable=False),
        sa.Column("level", sa.String(length=40), nullable=False),
        sa.Column("district_zh", sa.Text(), nullable=False),
        sa.Column("district_en", sa.Text(), nullable=False),
        sa.Column("address_zh", sa.Text(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("coord_basis", sa.Text(), nullable=False),
        sa.Column(
            "domains", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column(
            "approvals_zh",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "approvals_en",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("summary_zh", sa.Text(), nullable=False),
        sa.Column("summary_en", sa.Text(), nullable=False),
        sa.Column("confidence", sa.String(length=10), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=True),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column(
            "sources", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("origin", sa.String(length=20), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("confidence IN ('high', 'medium', 'low')", name=op.f("ck_lab_confidence")),
        sa.CheckConstraint("lat BETWEEN -90 AND 90 AND lon BETWEEN -180 AND 180", name=op.f("ck_lab_place")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_lab_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lab")),
    )
    op.create_table(
        "membership",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("user_id", sa.String(length=24), nullable=False),
        sa.Column("organisation_id", sa.String(length=60), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "engineer",
                "company_manager",
                "lab_admin",
                "bench_crew",
                "coordinator",
                "system_admin",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "lab_ids", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_membership_organisation_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_membership_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
        sa.UniqueConstraint(
            "user_id", "organisation_id", "role", name=op.f("uq_membership_user_id_organisation_id_role")
        ),
    )
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.create_index("ix_membership_user", ["user_id"], unique=False)

    op.create_table(
        "method",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("code_norm", sa.Text(), nullable=False),
        sa.Column("title_zh", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("domain_id", sa.String(length=60), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("issued", sa.String(length=10), nullable=True),
        sa.Column("effective", sa.Date(), nullable=True),
        sa.Column(
            "replaces", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column(
            "sources", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("origin", sa.String(length=20), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "status IN ('in_force', 'superseded', 'upcoming', 'unverified')", name=op.f("ck_method_status")
        ),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name=op.f("fk_method_domain_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_method")),
    )
    op.create_table(
        "resource_kind",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("domain_id", sa.String(length=60), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("description_zh", sa.Text(), nullable=False),
        sa.Column("description_en", sa.Text(), nullable=False),
        sa.Column("place", sa.String(length=20), nullable=False),
        sa.Column("grain_minutes", sa.Integer(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("needs_daylight", sa.Boolean(), nullable=False),
        sa.Column(
            "weather", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("unattended", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column(
            "sources", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("origin", sa.String(length=20), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name=op.f("fk_resource_kind_domain_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_kind")),
    )
    op.create_table(
        "api_token",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("membership_id", sa.String(length=24), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "scope",
            sa.Enum("read", "write", name="scope", native_enum=False, create_constraint=True, length=20),
            nullable=False,
        ),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_api_token_membership_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_token_digest")),
    )
    op.create_table(
        "feed_subscription",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("user_id", sa.String(length=24), nullable=False),
        sa.Column("membership_id", sa.String(length=24), nullable=False),
        sa.Column(
            "scope",
            sa.Enum(
                "resource",
                "lab",
                "company",
                "me",
                name="feedscope",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("target_id", sa.String(length=64), nullable=False),
        sa.Column(
            "language",
            sa.Enum("zh", "en", name="feedlanguage", native_enum=False, create_constraint=True, length=20),
            nullable=False,
        ),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_feed_subscription_membership_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_feed_subscription_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_subscription")),
        sa.UniqueConstraint("digest", name=op.f("uq_feed_subscription_digest")),
    )
    with op.batch_alter_table("feed_subscription", schema=None) as batch_op:
        batch_op.create_index("ix_feed_subscription_membership", ["membership_id"], unique=False)

    op.create_table(
        "generated_report",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("company_id", sa.String(length=60), nullable=True),
        sa.Column("lab_id", sa.String(length=60), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column(
            "figures", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("(company_id IS NULL) <> (lab_id IS NULL)", name=op.f("ck_generated_report_one_subject")),
        sa.ForeignKeyConstraint(["company_id"], ["organisation.id"], name=op.f("fk_generated_report_company_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_generated_report_lab_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_generated_report")),
        sa.UniqueConstraint("company_id", "day", name=op.f("uq_generated_report_company_id_day")),
        sa.UniqueConstraint("lab_id", "day", name=op.f("uq_generated_report_lab_id_day")),
    )
    op.create_table(
        "method_transition",
        sa.Column("id", sa.String(length=130), nullable=False),
        sa.Column("old_method_id", sa.String(length=60), nullable=True),
        sa.Column("new_method_id", sa.String(length=60), nullable=False),
        sa.Column("new_types_from", sa.Date(), nullable=True),
        sa.Column("approved_types_from", sa.Date(), nullable=True),
        sa.Column("note_zh", sa.Text(), nullable=False),
        sa.Column("note_en", sa.Text(), nullable=False),
        sa.Column(
            "sources", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("origin", sa.String(length=20), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["new_method_id"], ["method.id"], name=op.f("fk_method_transition_new_method_id")),
        sa.ForeignKeyConstraint(["old_method_id"], ["method.id"], name=op.f("fk_method_transition_old_method_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_method_transition")),
        sa.UniqueConstraint(
            "old_method_id", "new_method_id", name=op.f("uq_method_transition_old_method_id_new_method_id")
        ),
    )
    op.create_table(
        "order",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("company_id", sa.String(length=60), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "submitted",
                "accepted",
                "testing",
                "reporting",
                "issued",
                "rejected",
                "cancelled",
                name="orderstate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by_id", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["organisation.id"], name=op.f("fk_order_company_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_order_created_by_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_order_lab_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order")),
        sa.UniqueConstraint("code", name=op.f("uq_order_code")),
    )
    with op.batch_alter_table("order", schema=None) as batch_op:
        batch_op.create_index("ix_order_company", ["company_id"], unique=False)
        batch_op.create_index("ix_order_lab", ["lab_id"], unique=False)

    op.create_table(
        "resource",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("pool", sa.String(length=60), nullable=False),
        sa.Column("unit", sa.Integer(), nullable=True),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column("kind_id", sa.String(length=60), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(length=20), nullable=False),
        sa.Column("grain_minutes", sa.Integer(), nullable=False),
        sa.Column("shifts", sa.String(length=20), nullable=False),
        sa.Column("unattended", sa.Boolean(), nullable=False),
        sa.Column("capability_zh", sa.Text(), nullable=False),
        sa.Column("capability_en", sa.Text(), nullable=False),
        sa.Column("evidence", sa.String(length=20), nullable=False),
        sa.Column(
            "sources", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("origin", sa.String(length=20), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("evidence IN ('documented', 'representative')", name=op.f("ck_resource_evidence")),
        sa.CheckConstraint("grain_minutes BETWEEN 1 AND 1440", name=op.f("ck_resource_grain")),
        sa.CheckConstraint("places >= 1", name=op.f("ck_resource_places")),
        sa.ForeignKeyConstraint(["kind_id"], ["resource_kind.id"], name=op.f("fk_resource_kind_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_resource_lab_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource")),
    )
    with op.batch_alter_table("resource", schema=None) as batch_op:
        batch_op.create_index("ix_resource_lab", ["lab_id"], unique=False)
        batch_op.create_index("ix_resource_pool", ["pool"], unique=False)

    op.create_table(
        "test",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("method_id", sa.String(length=60), nullable=False),
        sa.Column("clause", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("domain_id", sa.String(length=60), nullable=False),
        sa.Column("kind_id", sa.String(length=60), nullable=False),
        sa.Column("sample_zh", sa.Text(), nullable=False),
        sa.Column("sample_en", sa.Text(), nullable=False),
        sa.Column("sample_kind", sa.String(length=20), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.Column("destructive", sa.Boolean(), nullable=False),
        sa.Column("setup_minutes", sa.Integer(), nullable=False),
        sa.Column("run_minutes", sa.Integer(), nullable=False),
        sa.Column("teardown_minutes", sa.Integer(), nullable=False),
        sa.Column("run_splits", sa.Boolean(), nullable=False),
        sa.Column("one_window", sa.Boolean(), nullable=False),
        sa.Column("report_days", sa.Integer(), nullable=False),
        sa.Column("duration_basis", sa.String(length=20), nullable=False),
        sa.Column("note_zh", sa.Text(), nullable=False),
        sa.Column("note_en", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column(
            "sources", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("origin", sa.String(length=20), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("duration_basis IN ('standard', 'planning')", name=op.f("ck_test_basis")),
        sa.CheckConstraint(
            "run_minutes > 0 AND setup_minutes >= 0 AND teardown_minutes >= 0", name=op.f("ck_test_durations")
        ),
        sa.ForeignKeyConstraint(["domain_id"], ["domain.id"], name=op.f("fk_test_domain_id")),
        sa.ForeignKeyConstraint(["kind_id"], ["resource_kind.id"], name=op.f("fk_test_kind_id")),
        sa.ForeignKeyConstraint(["method_id"], ["method.id"], name=op.f("fk_test_method_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test")),
    )
    with op.batch_alter_table("test", schema=None) as batch_op:
        batch_op.create_index("ix_test_method", ["method_id"], unique=False)

    op.create_table(
        "capability",
        sa.Column("pool", sa.String(length=60), nullable=False),
        sa.Column("test_id", sa.String(length=60), nullable=False),
        sa.Column("basis", sa.String(length=20), nullable=False),
        sa.Column("note_zh", sa.Text(), nullable=False),
        sa.Column("note_en", sa.Text(), nullable=False),
        sa.Column(
            "sources", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.Column("origin", sa.String(length=20), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("basis IN ('documented', 'representative')", name=op.f("ck_capability_basis")),
        sa.ForeignKeyConstraint(["test_id"], ["test.id"], name=op.f("fk_capability_test_id")),
        sa.PrimaryKeyConstraint("pool", "test_id", name=op.f("pk_capability")),
    )
    with op.batch_alter_table("capability", schema=None) as batch_op:
        batch_op.create_index("ix_capability_test", ["test_id"], unique=False)

    op.create_table(
        "closure",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column("resource_id", sa.String(length=64), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "maintenance",
                "calibration",
                "breakdown",
                "other",
                name="closurekind",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("created_by_id", sa.String(length=24), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_closure_ends_after_start")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_closure_created_by_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_closure_lab_id")),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_closure_resource_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closure")),
    )
    with op.batch_alter_table("closure", schema=None) as batch_op:
        batch_op.create_index("ix_closure_resource", ["resource_id", "starts_at"], unique=False)

    op.create_table(
        "earliest_week",
        sa.Column("pool", sa.String(length=60), nullable=False),
        sa.Column("test_id", sa.String(length=60), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column("week", sa.String(length=8), nullable=True),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_earliest_week_lab_id")),
        sa.ForeignKeyConstraint(["test_id"], ["test.id"], name=op.f("fk_earliest_week_test_id")),
        sa.PrimaryKeyConstraint("pool", "test_id", name=op.f("pk_earliest_week")),
    )
    op.create_table(
        "order_line",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("order_id", sa.String(length=24), nullable=False),
        sa.Column("company_id", sa.String(length=60), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column("test_id", sa.String(length=60), nullable=False),
        sa.Column("sample", sa.Text(), nullable=False),
        sa.Column("submitted_at", UtcDateTime(), nullable=True),
        sa.Column("accepted_at", UtcDateTime(), nullable=True),
        sa.Column("taken_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("issued_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("accepted_at >= submitted_at", name=op.f("ck_order_line_order_of_accepted")),
        sa.CheckConstraint(
            "accepted_at IS NULL OR submitted_at IS NOT NULL", name=op.f("ck_order_line_accepted_after_submitted")
        ),
        sa.CheckConstraint("ended_at >= taken_at", name=op.f("ck_order_line_order_of_ended")),
        sa.CheckConstraint("ended_at IS NULL OR taken_at IS NOT NULL", name=op.f("ck_order_line_ended_after_taken")),
        sa.CheckConstraint("issued_at >= ended_at", name=op.f("ck_order_line_order_of_issued")),
        sa.CheckConstraint("issued_at IS NULL OR ended_at IS NOT NULL", name=op.f("ck_order_line_issued_after_ended")),
        sa.CheckConstraint("taken_at >= accepted_at", name=op.f("ck_order_line_order_of_taken")),
        sa.ForeignKeyConstraint(["company_id"], ["organisation.id"], name=op.f("fk_order_line_company_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_order_line_lab_id")),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_order_line_order_id")),
        sa.ForeignKeyConstraint(["test_id"], ["test.id"], name=op.f("fk_order_line_test_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_line")),
    )
    with op.batch_alter_table("order_line", schema=None) as batch_op:
        batch_op.create_index("ix_order_line_company_issued", ["company_id", "issued_at"], unique=False)
        batch_op.create_index("ix_order_line_issued", ["issued_at"], unique=False)
        batch_op.create_index("ix_order_line_lab_issued", ["lab_id", "issued_at"], unique=False)
        batch_op.create_index("ix_order_line_order", ["order_id"], unique=False)
        batch_op.create_index("ix_order_line_test_lab_issued", ["test_id", "lab_id", "issued_at"], unique=False)

    op.create_table(
        "booking",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "held",
                "requested",
                "confirmed",
                "declined",
                "cancelled",
                "expired",
                "running",
                "completed",
                "no_show",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.String(length=60), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column("resource_id", sa.String(length=64), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("test_id", sa.String(length=60), nullable=False),
        sa.Column("order_line_id", sa.String(length=24), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("run_from", UtcDateTime(), nullable=False),
        sa.Column("run_until", UtcDateTime(), nullable=False),
        sa.Column("hold_expires_at", UtcDateTime(), nullable=True),
        sa.Column("requested_at", UtcDateTime(), nullable=True),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("confirmed_by_id", sa.String(length=24), nullable=True),
        sa.Column("sample", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_by_id", sa.String(length=24), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("(state = 'held') = (hold_expires_at IS NOT NULL)", name=op.f("ck_booking_hold")),
        sa.CheckConstraint("(confirmed_at IS NULL) = (confirmed_by_id IS NULL)", name=op.f("ck_booking_confirmation")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_booking_ends_after_start")),
        sa.CheckConstraint(
            "run_from >= starts_at AND run_until > run_from AND ends_at >= run_until",
            name=op.f("ck_booking_run_inside"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["organisation.id"], name=op.f("fk_booking_company_id")),
        sa.ForeignKeyConstraint(["confirmed_by_id"], ["user.id"], name=op.f("fk_booking_confirmed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_booking_created_by_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_booking_lab_id")),
        sa.ForeignKeyConstraint(["order_line_id"], ["order_line.id"], name=op.f("fk_booking_order_line_id")),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_booking_resource_id")),
        sa.ForeignKeyConstraint(["test_id"], ["test.id"], name=op.f("fk_booking_test_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking")),
        sa.UniqueConstraint("code", name=op.f("uq_booking_code")),
    )
    with op.batch_alter_table("booking", schema=None) as batch_op:
        batch_op.create_index("ix_booking_company_start", ["company_id", "starts_at"], unique=False)
        batch_op.create_index("ix_booking_company_state", ["company_id", "state"], unique=False)
        batch_op.create_index("ix_booking_hold", ["hold_expires_at"], unique=False)
        batch_op.create_index("ix_booking_lab_start", ["lab_id", "starts_at"], unique=False)
        batch_op.create_index("ix_booking_lab_state", ["lab_id", "state"], unique=False)
        batch_op.create_index("ix_booking_line", ["order_line_id"], unique=False)
        batch_op.create_index("ix_booking_resource_start", ["resource_id", "starts_at"], unique=False)

    op.create_table(
        "test_report",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("order_line_id", sa.String(length=24), nullable=False),
        sa.Column("company_id", sa.String(length=60), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_by_id", sa.String(length=24), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["organisation.id"], name=op.f("fk_test_report_company_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_test_report_lab_id")),
        sa.ForeignKeyConstraint(["order_line_id"], ["order_line.id"], name=op.f("fk_test_report_order_line_id")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["user.id"], name=op.f("fk_test_report_recorded_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_report")),
        sa.UniqueConstraint("lab_id", "number", name=op.f("uq_test_report_lab_id_number")),
    )
    with op.batch_alter_table("test_report", schema=None) as batch_op:
        batch_op.create_index("ix_test_report_line", ["order_line_id"], unique=True)

    op.create_table(
        "idempotency_key",
        sa.Column("membership_id", sa.String(length=24), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("booking_id", sa.String(length=24), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_idempotency_key_booking_id")),
        sa.ForeignKeyConstraint(["membership_id"], ["membership.id"], name=op.f("fk_idempotency_key_membership_id")),
        sa.PrimaryKeyConstraint("membership_id", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_table(
        "move_proposal",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("booking_id", sa.String(length=24), nullable=False),
        sa.Column("resource_id", sa.String(length=64), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("run_from", UtcDateTime(), nullable=False),
        sa.Column("run_until", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("proposed_by_id", sa.String(length=24), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_move_proposal_ends_after_start")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_move_proposal_booking_id")),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["user.id"], name=op.f("fk_move_proposal_proposed_by_id")),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_move_proposal_resource_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_move_proposal")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_move_proposal_booking_id")),
    )
    op.create_table(
        "occupancy",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("resource_id", sa.String(length=64), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("proposed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("booking_id", sa.String(length=24), nullable=True),
        sa.Column("closure_id", sa.String(length=24), nullable=True),
        sa.CheckConstraint("(booking_id IS NULL) <> (closure_id IS NULL)", name=op.f("ck_occupancy_one_owner")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_occupancy_ends_after_start")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_occupancy_booking_id")),
        sa.ForeignKeyConstraint(["closure_id"], ["closure.id"], name=op.f("fk_occupancy_closure_id")),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_occupancy_resource_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occupancy")),
    )
    with op.batch_alter_table("occupancy", schema=None) as batch_op:
        batch_op.create_index("ix_occupancy_booking", ["booking_id"], unique=False)
        batch_op.create_index("ix_occupancy_closure", ["closure_id"], unique=False)
        batch_op.create_index("ix_occupancy_end", ["resource_id", "ends_at"], unique=False)
        batch_op.create_index("ix_occupancy_slot", ["resource_id", "place", "starts_at"], unique=False)

    if op.get_bind().dialect.name == "postgresql":
        op.execute(POSTGRESQL_GUARD)
        op.execute("ALTER TABLE event ALTER transaction_id SET DEFAULT pg_current_xact_id()::text::bigint")
    else:
        for verb in ("INSERT", "UPDATE"):
            op.execute(SQLITE_GUARD.format(name=verb.lower(), verb=verb))


def downgrade():
    with op.batch_alter_table("occupancy", schema=None) as batch_op:
        batch_op.drop_index("ix_occupancy_slot")
        batch_op.drop_index("ix_occupancy_end")
        batch_op.drop_index("ix_occupancy_closure")
        batch_op.drop_index("ix_occupancy_booking")

    op.drop_table("occupancy")
    op.drop_table("move_proposal")
    op.drop_table("idempotency_key")
    with op.batch_alter_table("test_report", schema=None) as batch_op:
        batch_op.drop_index("ix_test_report_line")

    op.drop_table("test_report")
    with op.batch_alter_table("booking", schema=None) as batch_op:
        batch_op.drop_index("ix_booking_resource_start")
        batch_op.drop_index("ix_booking_line")
        batch_op.drop_index("ix_booking_lab_state")
        batch_op.drop_index("ix_booking_lab_start")
        batch_op.drop_index("ix_booking_hold")
        batch_op.drop_index("ix_booking_company_state")
        batch_op.drop_index("ix_booking_company_start")

    op.drop_table("booking")
    with op.batch_alter_table("order_line", schema=None) as batch_op:
        batch_op.drop_index("ix_order_line_test_lab_issued")
        batch_op.drop_index("ix_order_line_order")
        batch_op.drop_index("ix_order_line_lab_issued")
        batch_op.drop_index("ix_order_line_issued")
        batch_op.drop_index("ix_order_line_company_issued")

    op.drop_table("order_line")
    op.drop_table("earliest_week")
    with op.batch_alter_table("closure", schema=None) as batch_op:
        batch_op.drop_index("ix_closure_resource")

    op.drop_table("closure")
    with op.batch_alter_table("capability", schema=None) as batch_op:
        batch_op.drop_index("ix_capability_test")

    op.drop_table("capability")
    with op.batch_alter_table("test", schema=None) as batch_op:
        batch_op.drop_index("ix_test_method")

    op.drop_table("test")
    with op.batch_alter_table("resource", schema=None) as batch_op:
        batch_op.drop_index("ix_resource_pool")
        batch_op.drop_index("ix_resource_lab")

    op.drop_table("resource")
    with op.batch_alter_table("order", schema=None) as batch_op:
        batch_op.drop_index("ix_order_lab")
        batch_op.drop_index("ix_order_company")

    op.drop_table("order")
    op.drop_table("method_transition")
    op.drop_table("generated_report")
    with op.batch_alter_table("feed_subscription", schema=None) as batch_op:
        batch_op.drop_index("ix_feed_subscription_membership")

    op.drop_table("feed_subscription")
    op.drop_table("api_token")
    op.drop_table("resource_kind")
    op.drop_table("method")
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.drop_index("ix_membership_user")

    op.drop_table("membership")
    op.drop_table("lab")
    op.drop_table("invitation")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index("ix_event_transaction")
        batch_op.drop_index("ix_event_subject")
        batch_op.drop_index("ix_event_lab")
        batch_op.drop_index("ix_event_company")

    op.drop_table("event")
    op.drop_table("user")
    op.drop_table("source")
    with op.batch_alter_table("sign_in_failure", schema=None) as batch_op:
        batch_op.drop_index("ix_sign_in_failure_email")

    op.drop_table("sign_in_failure")
    op.drop_table("scheduler_lease")
    op.drop_table("organisation")
    with op.batch_alter_table("job_run", schema=None) as batch_op:
        batch_op.drop_index("ix_job_run_started")

    op.drop_table("job_run")
    op.drop_table("domain")
    op.drop_table("catalogue_load")
