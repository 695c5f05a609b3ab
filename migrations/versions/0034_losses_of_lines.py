"""what lines lost time to in the nightly summary; its margins are reckoned from single lines

Revision: 0034, after 0033. Rows of before are packed anew, with each name once; the next night adds their losses.
"""

import sys
from array import array

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MARGINS = ("labs", "domains", "total", "by_lab", "by_domain")
LINES = sa.table("summarised_lines", sa.column("id"), sa.column("kinds", JSON), sa.column("by_kind", sa.LargeBinary()))
ENDED = ("clock_stop", "run_pause")


def upgrade():
    op.add_column("summarised_lines", sa.Column("losses", JSON, nullable=True))
    for name in MARGINS:
        op.drop_column("summarised_lines", name)
    _pack_anew(op.get_bind())
    for table in ENDED:
        op.create_index(f"ix_{table}_ended", table, ["ended_at"])


def _pack_anew(bind):
    """Ends, lengths, working days and sums become counts, places of names, lengths and working days."""
    for (row_id,) in bind.execute(sa.select(LINES.c.id)).all():
        kinds, by_kind = bind.execute(sa.select(LINES.c.kinds, LINES.c.by_kind).where(LINES.c.id == row_id)).one()
        ends, whole, working, _sums = _unpacked(by_kind)
        counts = [end - begin for begin, end in zip([0, *ends], ends, strict=False)]
        names = {name: list(dict.fromkeys(kinds[name])) for name in ("lab", "test", "domain")}
        places = [[names[name].index(each) for each in kinds[name]] for name in names]
        row = {"kinds": names, "by_kind": _packed([counts, *places, whole, working])}
        bind.execute(sa.update(LINES).where(LINES.c.id == row_id).values(row))


def _unpacked(kept):
    numbers = array("q", kept)
    if sys.byteorder == "big":
        numbers.byteswap()
    begin, columns = numbers[0] + 1, []
    for length in numbers[1:begin]:
        columns.append(numbers[begin : begin + length])
        begin += length
    return columns


def _packed(columns):
    numbers = array("q", [len(columns), *map(len, columns)])
    for column in columns:
        numbers.extend(column)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def downgrade():
    for table in ENDED:
        op.drop_index(f"ix_{table}_ended", table)
    # Without the margins its rows say nothing to the version before: they are made anew by its next night.
    op.execute("DELETE FROM summarised_lines")
    op.execute("UPDATE summarised_month SET issued = -1")
    op.drop_column("summarised_lines", "losses")
    for name in MARGINS[:2]:
        op.add_column("summarised_lines", sa.Column(name, JSON, nullable=False, server_default="[]"))
    for name in MARGINS[2:]:
        op.add_column("summarised_lines", sa.Column(name, sa.LargeBinary(), nullable=False, server_default=""))
