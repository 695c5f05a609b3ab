"""A catalogue of a few rows (`small_catalogue/`), which a story copies and changes."""

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path

SMALL = Path(__file__).parent / "small_catalogue"
Row = dict[str, str]


def tables() -> dict[str, list[Row]]:
    """The rows by file name: two operators and labs, three rows of resources, three methods, tests and steps."""
    found = {}
    for path in SMALL.rglob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            found[path.relative_to(SMALL).as_posix()] = list(csv.DictReader(file))
    return found


@dataclass
class Files:
    """The files in a folder. Line 1 is the header, so row n stands on line n + 1."""

    folder: Path
    tables: dict[str, list[Row]] = field(default_factory=tables)

    def write(self) -> "Files":
        """Bring the folder to the state of the tables."""
        for name, rows in self.tables.items():
            text = io.StringIO()
            writer = csv.DictWriter(text, list(tables()[name][0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            self.raw(name, text.getvalue())
        return self

    def change(self, name: str, row: int, **cells: str) -> "Files":
        """Change cells of the row, from 1, of a file."""
        self.tables[name][row - 1] |= cells
        return self.write()

    def drop(self, name: str, **cells: str) -> "Files":
        """Leave out the rows that have these cells."""
        rows = self.tables[name]
        rows[:] = [row for row in rows if any(row[column] != cell for column, cell in cells.items())]
        return self.write()

    def add(self, name: str, row: int, **cells: str) -> "Files":
        """A further row like the row, from 1, with other cells."""
        self.tables[name].append(self.tables[name][row - 1] | cells)
        return self.write()

    def raw(self, name: str, content: str | bytes) -> "Files":
        """A file just so."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def text(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")
