"""Reading a page of the schedule as its readers do: rows, cells, and the names that cells have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

VOID = {"input", "meta", "link", "br", "hr", "img"}


@dataclass
class Element:
    """A tag with what stands in it."""

    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children).strip()

    @property
    def href(self) -> str:
        return self.attributes.get("href", "")

    def all(self, tag: str = "", css: str = "") -> Iterator[Element]:
        """Elements below, in order, with this tag and class."""
        for child in self.children:
            if isinstance(child, Element):
                if tag in ("", child.tag) and (not css or css in child.classes):
                    yield child
                yield from child.all(tag, css)

    def number(self, letter: str) -> int:
        """The column (`c`) or the span (`s`) of a cell."""
        return next(int(name[1:]) for name in self.classes if name[:1] == letter and name[1:].isdigit())


class Page(HTMLParser):
    """A page by rows."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.root = Element("", {})
        self._open = [self.root]
        self.feed(html)
        self.by_id = {each.attributes["id"]: each for each in self.root.all() if "id" in each.attributes}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        while len(self._open) > 1 and self._open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)

    def name(self, element: Element) -> str:
        """The accessible name of an element."""
        ids = element.attributes.get("aria-labelledby", "").split()
        if ids:
            named = (self.by_id[ident] for ident in ids)
            return " ".join(each.attributes.get("aria-label") or each.text for each in named)
        return element.attributes.get("aria-label") or element.text or element.attributes.get("title", "")

    def row(self, bench: str) -> Element:
        """The row of the bench with this name."""
        return next(row for row in self.root.all("tr") for head in row.all("th") if bench in head.text)

    @property
    def benches(self) -> list[str]:
        """Names of the benches on the page."""
        return [self.by_id[ident].text for ident in self.by_id if ident[0] == "r" and ident[1:].isdigit()]

    def lanes(self, bench: str) -> list[list[Element]]:
        """The blocks of each lane, left to right."""
        return [
            sorted(lane.all(css="ev"), key=lambda cell: cell.number("c")) for lane in self.row(bench).all(css="lane")
        ]

    def free(self, bench: str) -> list[tuple[str, datetime]]:
        """Name and start of each free link in the lanes of a bench."""
        cells = [cell for css in ("fr", "open") for cell in self.row(bench).all("a", css)]
        return [(self.name(cell), start(cell)) for cell in cells if "idle" not in cell.classes]

    def idle(self, bench: str) -> list[Element]:
        """Links of idle time, which lead to the form that closes the bench."""
        return list(self.row(bench).all("a", "idle"))

    def closed(self, bench: str) -> list[str]:
        """What the closed cells of a bench answer."""
        return [self.name(cell) for cell in self.row(bench).all("a", "off-t")]


def start(cell: Element) -> datetime:
    """The start that a link to the booking form carries."""
    return datetime.fromisoformat(parse_qs(urlsplit(cell.href).query)["starts_at"][0])
