"""files and their downloads

Revision: 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op

from app.database import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

PURPOSES = ("attachment", "quotation", "photo", "report")


def upgrade():
    op.create_table(
        "stored_file",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("company_id", sa.String(length=60), nullable=False),
        sa.Column("lab_id", sa.String(length=60), nullable=False),
        sa.Column("owner_organisation_id", sa.String(length=60), nullable=False),
        sa.Column("internal", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(*PURPOSES, name="filepurpose", native_enum=False, create_constraint=True, length=20),
            nullable=False,
        ),
        sa.Column("subject_type", sa.String(length=20), nullable=False),
        sa.Column("subject_id", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=130), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=24), nullable=False),
        sa.Column("uploaded_by_id", sa.String(length=24), nullable=False),
        sa.Column("uploaded_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("size > 0", name=op.f("ck_stored_file_not_empty")),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_stored_file_fingerprint")),
        sa.ForeignKeyConstraint(["company_id"], ["organisation.id"], name=op.f("fk_stored_file_company_id")),
        sa.ForeignKeyConstraint(["lab_id"], ["lab.id"], name=op.f("fk_stored_file_lab_id")),
        sa.ForeignKeyConstraint(
            ["owner_organisation_id"], ["organisation.id"], name=op.f("fk_stored_file_owner_organisation_id")
        ),
        sa.ForeignKeyConstraint(["uploaded_by_id"], ["user.id"], name=op.f("fk_stored_file_uploaded_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_file")),
        sa.UniqueConstraint("key", name=op.f("uq_stored_file_key")),
    )
    op.create_index("ix_stored_file_subject", "stored_file", ["subject_type", "subject_id"])
    op.create_index("ix_stored_file_owner", "stored_file", ["owner_organisation_id", "size"])
    op.create_table(
        "file_download",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("file_id", sa.String(length=24), nullable=False),
        sa.Column("user_id", sa.String(length=24), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_file_download_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_download")),
    )
    op.create_index("ix_file_download_file", "file_download", ["file_id", "at"])


def downgrade():
    op.drop_table("file_download")
    op.drop_table("stored_file")
