"""PostgreSQL tells what locks a bench the version of its lab as it is by then

Revision: 0040, after 0039.
"""

from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade():
    if op.get_bind().dialect.name != "postgresql":
        return
    # Volatile: each call sees what was committed before it, not what was when its statement began.
    op.execute("""
        CREATE FUNCTION setup_version_now(lab_id varchar) RETURNS varchar LANGUAGE plpgsql VOLATILE AS
        $$ BEGIN RETURN (SELECT lab.setup_version FROM lab WHERE lab.id = $1); END $$
    """)


def downgrade():
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION setup_version_now(varchar)")
