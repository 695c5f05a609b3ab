"""samples, their custody and where they are kept

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

from app.database import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "sample_place",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.CheckConstraint("slots > 0", name=op.f("ck_sample_place_slots")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_sample_place_lab_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample_place")),
        sa.UniqueConstraint("lab_id", "name", name=op.f("uq_sample_place_lab_id_name")),
    )
    op.create_table(
        "shipment",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("order_id", sa.String(length=24), nullable=False),
        sa.Column("company_id", sa.String(length=60), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column("carrier", sa.String(length=80), nullable=False),
        sa.Column("waybill", sa.String(length=80), nullable=False),
        sa.Column("dispatched_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["organisation.id"], name=op.f("fk_shipment_company_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_shipment_lab_id")),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_shipment_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment")),
        sa.UniqueConstraint("company_id", "waybill", name=op.f("uq_shipment_company_id_waybill")),
    )
    with op.batch_alter_table("shipment", schema=None) as batch_op:
        batch_op.create_index("ix_shipment_order", ["order_id"], unique=False)

    op.create_table(
        "sample",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("order_id", sa.String(length=24), nullable=False),
        sa.Column("company_id", sa.String(length=60), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "vehicle",
                "battery",
                "hydrogen",
                "part",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("vin", sa.String(length=17), nullable=True),
        sa.Column("vin_reason", sa.Text(), nullable=False),
        sa.Column("configuration", sa.Text(), nullable=False),
        sa.Column("build_level", sa.String(length=80), nullable=False),
        sa.Column("mileage", sa.Integer(), nullable=True),
        sa.Column("state_of_charge", sa.Integer(), nullable=True),
        sa.Column("damage", sa.Text(), nullable=False),
        sa.Column("transport_paper", sa.String(length=120), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "expected",
                "dispatched",
                "received",
                "stored",
                "on_bench",
                "returned",
                "disposed",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("shipment_id", sa.String(length=24), nullable=True),
        sa.Column("received_at", UtcDateTime(), nullable=True),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("deviation", sa.Text(), nullable=False),
        sa.Column("deviating", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("place_id", sa.String(length=24), nullable=True),
        sa.Column("slot", sa.Integer(), nullable=True),
        sa.Column("booking_id", sa.String(length=24), nullable=True),
        sa.Column("consumed_by_id", sa.String(length=60), nullable=True),
        sa.Column("created_by_id", sa.String(length=24), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("(state = 'on_bench') = (booking_id IS NOT NULL)", name=op.f("ck_sample_on_bench_of")),
        sa.CheckConstraint("(state = 'stored') = (place_id IS NOT NULL)", name=op.f("ck_sample_stored_somewhere")),
        sa.CheckConstraint("(place_id IS NULL) = (slot IS NULL)", name=op.f("ck_sample_slot_of_place")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_sample_booking_id")),
        sa.ForeignKeyConstraint(["company_id"], ["organisation.id"], name=op.f("fk_sample_company_id")),
        sa.ForeignKeyConstraint(["consumed_by_id"], ["test.id"], name=op.f("fk_sample_consumed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_sample_created_by_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_sample_lab_id")),
        sa.ForeignKeyConstraint(["order_id"], ["order.id"], name=op.f("fk_sample_order_id")),
        sa.ForeignKeyConstraint(["place_id"], ["sample_place.id"], name=op.f("fk_sample_place_id")),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipment.id"], name=op.f("fk_sample_shipment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample")),
        sa.UniqueConstraint("code", name=op.f("uq_sample_code")),
        sa.UniqueConstraint("order_id", "name", name=op.f("uq_sample_order_id_name")),
        sa.UniqueConstraint("place_id", "slot", name=op.f("uq_sample_place_id_slot")),
    )
    with op.batch_alter_table("sample", schema=None) as batch_op:
        batch_op.create_index("ix_sample_booking", ["booking_id"], unique=False)
        batch_op.create_index("ix_sample_company_vin", ["company_id", "vin"], unique=False)
        batch_op.create_index("ix_sample_lab_state", ["lab_id", "state"], unique=False)

    op.create_table(
        "custody_step",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("sample_id", sa.String(length=24), nullable=False),
        sa.Column("company_id", sa.String(length=60), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "expected",
                "dispatched",
                "received",
                "stored",
                "on_bench",
                "returned",
                "disposed",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by_id", sa.String(length=24), nullable=False),
        sa.Column("by_lab", sa.Boolean(), nullable=False),
        sa.Column("where", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("booking_id", sa.String(length=24), nullable=True),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_custody_step_booking_id")),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name=op.f("fk_custody_step_by_id")),
        sa.ForeignKeyConstraint(["company_id"], ["organisation.id"], name=op.f("fk_custody_step_company_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_custody_step_lab_id")),
        sa.ForeignKeyConstraint(["sample_id"], ["sample.id"], name=op.f("fk_custody_step_sample_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custody_step")),
    )
    with op.batch_alter_table("custody_step", schema=None) as batch_op:
        batch_op.create_index("ix_custody_step_sample", ["sample_id", "at"], unique=False)


def downgrade():
    with op.batch_alter_table("custody_step", schema=None) as batch_op:
        batch_op.drop_index("ix_custody_step_sample")

    op.drop_table("custody_step")
    with op.batch_alter_table("sample", schema=None) as batch_op:
        batch_op.drop_index("ix_sample_lab_state")
        batch_op.drop_index("ix_sample_company_vin")
        batch_op.drop_index("ix_sample_booking")

    op.drop_table("sample")
    with op.batch_alter_table("shipment", schema=None) as batch_op:
        batch_op.drop_index("ix_shipment_order")

    op.drop_table("shipment")
    op.drop_table("sample_place")
