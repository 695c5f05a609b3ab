"""Which words stand in the database, and whose eyes may meet them."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy import Column, Enum, String, Text, select
from sqlalchemy.types import JSON

from app.accounts.models import Role
from app.accounts.policy import Viewer
from app.database import Base, db
from app.samples.rules import SampleState

# Marks of the story; random ids; codes and the part of a code that a lab reads; credit codes; digests.
WORDS = re.compile(
    r"""zz[a-z]+[0-9]+zz
    | (?<![A-Za-z0-9])[a-z2-9]{16}(?![A-Za-z0-9])
    | (?<![A-Za-z0-9])[BW]\d{4}-[A-Z2-9]{5}(?![A-Za-z0-9])
    | (?<![A-Za-z0-9])[0-9A-HJ-NP-RTUWXY]{18}(?![A-Za-z0-9])
    | (?<![A-Za-z0-9])[0-9a-f]{64}(?![A-Za-z0-9])
    | \$argon2id\$\S+""",
    re.VERBOSE,
)
CODE = re.compile(r"[BSW]\d{4}-([A-Z2-9]{5})")
SHORT_CODE = re.compile(r"(?<![A-Za-z0-9])[A-Z2-9]{5}(?![A-Za-z0-9])")

Eye = tuple[str, str]
Row = dict[str, Any]
NOBODY: frozenset[Eye] = frozenset()


def found_in(text: str) -> set[str]:
    """Every word in a text that could be somebody's, the short form of codes too."""
    return {*WORDS.findall(text), *SHORT_CODE.findall(text)}


def eyes_of(viewer: Viewer | None) -> set[Eye]:
    """What somebody stands for; a visitor for nothing."""
    if viewer is None:
        return set()
    organisation = viewer.organisation_id or ""
    eyes = {("user", viewer.user_id or ""), ("membership", viewer.membership_id or ""), ("member", organisation)}
    if viewer.is_company:
        eyes.add(("company", organisation))
    if viewer.role is Role.COMPANY_MANAGER:
        eyes.add(("manager", organisation))
    if viewer.role is Role.SYSTEM_ADMIN:
        eyes.add(("admin", ""))
    part = "desk" if viewer.role is Role.LAB_ADMIN else "crew"
    return eyes | {(part, lab) for lab in viewer.lab_ids}


def _booked(row: Row) -> set[Eye]:
    """The company and the people of the lab."""
    return {*_written(row), ("crew", row["lab_id"])}


def _written(row: Row) -> set[Eye]:
    """The company and the order desk, who read each other's words."""
    return {("company", row["company_id"]), ("desk", row["lab_id"])}


def _laboratory(row: Row) -> set[Eye]:
    return {("desk", row["lab_id"]), ("crew", row["lab_id"])}


def _desk(row: Row) -> set[Eye]:
    return {("desk", row["lab_id"])}


def _ids(event: Row) -> bool:
    """Whether it tells nothing but which line it was."""
    return set(event["data"]) == {"line"}


class Readers:
    """Who may read the rows of each private table, and single columns of them that fewer may read."""

    def __init__(self) -> None:
        self.tables = {table.name: _rows(table) for table in Base.metadata.sorted_tables}
        self.lines = {row["id"]: row for row in self.tables["order_line"]}
        self.samples = {row["id"]: row for row in self.tables["sample"]}
        self.bookings = {row["id"]: row for row in self.tables["booking"]}

    @property
    def rows(self) -> dict[str, Callable[[Row], Iterable[Eye]]]:
        return {
            "organisation": self._organisation,
            "user": self._user,
            "membership": self._seat,
            "invitation": self._seat,
            "join_request": lambda row: {("user", row["user_id"]), *self._managers(row)},
            "api_token": self._own,
            "feed_subscription": self._own,
            "idempotency_key": lambda row: NOBODY,
            "sign_in_failure": lambda row: NOBODY,
            "order": self._order,
            "order_line": lambda row: _booked(row) if row["submitted_at"] else {("company", row["company_id"])},
            "contract_review": _written,
            "clock_stop": self._between,
            "order_message": lambda row: self._still(row, _desk(row) if row["internal"] else self._between(row)),
            "messages_read": lambda row: NOBODY,
            "saved_filter": self._own,
            "order_amendment": self._between,
            "sample": self._of_order,
            "shipment": self._of_order,
            "sample_place": _laboratory,
            "custody_step": lambda row: self._of_order(self.samples[row["sample_id"]]),
            "run_pause": _booked,
            "run_result": _booked,
            "bench_token": _desk,
            "stored_file": self._attached,
            "file_download": lambda row: NOBODY,
            "booking": _booked,
            "move_proposal": lambda row: _booked(self.bookings[row["booking_id"]]),
            "occupancy": lambda row: NOBODY,
            "closure": _laboratory,
            "test_report": self._report,
            "lab_right": _desk,
            "report_rule": _desk,
            "report_reuse": lambda row: {("company", row["company_id"])},
            "generated_report": _written,
            "summarised_lines": _written,
            "report_subscription": self._own,
            "scheduled_report": self._own,
            "forecast_month": lambda row: NOBODY,
            "forecast_held": _written,
            "forecast_line": lambda row: _booked(self.lines[row["order_line_id"]]),
            "event": _booked,
            "job_run": lambda row: {("admin", "")},
            "scheduler_lease": lambda row: NOBODY,
            "shift_pattern": _desk,
            "lab_day": _desk,
            "lab_rule": _desk,
            "rule_waiver": _desk,
            "companion": _desk,
            "resource_link": _desk,
            "bench_state": _desk,
            "changeover": _desk,
            "limitation": _desk,
            "closure_hit": lambda row: NOBODY,
            "approval_step": _laboratory,
            "approval": _laboratory,
            "deputy": _desk,
            "notice": self._own,
            "outbox": lambda row: {*self._own(row), ("admin", "")},
            "notice_choice": lambda row: {("user", row["user_id"])},
            "notice_cursor": lambda row: NOBODY,
            "waitlist_entry": lambda row: {("company", row["company_id"]), ("desk", row["lab_id"])},
        }

    @property
    def columns(self) -> dict[tuple[str, str], Callable[[Row], Iterable[Eye]]]:
        return {
            ("organisation", "credit_code"): lambda row: {("company", row["id"]), ("admin", "")},
            ("user", "password_hash"): lambda row: NOBODY,
            ("api_token", "digest"): lambda row: NOBODY,
            ("feed_subscription", "digest"): lambda row: NOBODY,
            ("invitation", "digest"): lambda row: NOBODY,
            ("booking", "note"): _written,
            ("booking", "code"): self._known,
            ("bench_token", "digest"): lambda row: NOBODY,
            **{("sample", column): self._between for column in IDENTITY},
            ("custody_step", "where"): lambda row: (
                _laboratory(row)
                if row["state"] == SampleState.STORED
                else self._of_order(self.samples[row["sample_id"]])
            ),
            ("custody_step", "note"): lambda row: _booked(row) if row["by_lab"] else _written(row),
            # A notice gives nobody a right to what it tells: its words must be his to know by their own rows.
            ("notice", "facts"): lambda row: NOBODY,
            ("notice", "path"): lambda row: NOBODY,
            ("notice", "source"): lambda row: NOBODY,
            ("outbox", "notice_ids"): lambda row: NOBODY,
            ("outbox", "to_address"): lambda row: NOBODY,
            ("user", "name"): self._named,
            ("test_report", "number"): self._number,
            ("test_report", "comment"): _laboratory,
            **{("test_report", column): self._opened for column in ("sha256", "verify_code")},
            ("stored_file", "key"): lambda row: NOBODY,
            **{("order", column): self._between for column in TERMS},
            ("event", "data"): lambda row: (
                _booked(row) if row["actor_role"] in LAB_ROLES or _ids(row) else _written(row)
            ),
        }

    def _organisation(self, row: Row) -> Iterable[Eye]:
        """Its members, the desks of labs where it has booked, the system's administrator."""
        booked = {booking["lab_id"] for booking in self.tables["booking"] if booking["company_id"] == row["id"]}
        return {("member", row["id"]), ("admin", ""), *(("desk", lab) for lab in booked)}

    def _user(self, row: Row) -> Iterable[Eye]:
        own = [seat for seat in self.tables["membership"] if seat["user_id"] == row["id"]]
        wanted = [seat for seat in self.tables["join_request"] if seat["user_id"] == row["id"]]
        return {("user", row["id"]), *(eye for seat in own + wanted for eye in self._managers(seat))}

    def _named(self, row: Row) -> Iterable[Eye]:
        """A report says who wrote, checked and signed it; the log of downloads which of one's own side fetched."""
        hands = ("drafted_by_id", "reviewed_by_id", "approved_by_id")
        signed = [each for each in self.tables["test_report"] if row["id"] in [each[name] for name in hands]]
        seats = [seat for seat in self.tables["membership"] if seat["user_id"] == row["id"]]
        beside = {("desk", lab) for seat in seats for lab in seat["lab_ids"]}
        beside |= {("company", seat["organisation_id"]) for seat in seats if seat["role"] not in LAB_ROLES}
        return {*self._user(row), *beside, *(eye for each in signed for eye in self._opened(each))}

    def _report(self, row: Row) -> Iterable[Eye]:
        """The company hears of it once it was issued, the bench crew of the last that was."""
        return _booked(row) if row["issued_at"] else _laboratory(row)

    def _number(self, row: Row) -> Iterable[Eye]:
        same = [each for each in self.tables["test_report"] if each["order_line_id"] == row["order_line_id"]]
        replaced = any(each["issued_at"] and each["edition"] > row["edition"] for each in same)
        return self._opened(row) if replaced else self._report(row)

    def _opened(self, row: Row) -> Iterable[Eye]:
        """Who opens the report, not only hears of its number."""
        return _written(row) if row["issued_at"] else _desk(row)

    def _seat(self, row: Row) -> Iterable[Eye]:
        return {("membership", row["id"]), *self._managers(row)}

    def _managers(self, seat: Row) -> set[Eye]:
        """Who decides about a seat."""
        return {("admin", ""), ("manager", seat["organisation_id"]), *(("desk", lab) for lab in seat["lab_ids"])}

    def _own(self, row: Row) -> Iterable[Eye]:
        return {("membership", row["membership_id"])}

    def _order(self, row: Row) -> Iterable[Eye]:
        return _booked(row) if row["submitted_at"] else {("company", row["company_id"])}

    def _of_order(self, row: Row) -> Iterable[Eye]:
        """Company and lab, once the order is submitted."""
        return self._order(next(each for each in self.tables["order"] if each["id"] == row["order_id"]))

    def _between(self, row: Row) -> Iterable[Eye]:
        """Company and order desk, once the order is submitted and as long as it is this lab's."""
        order = self._order_of(row)
        return self._still(row, _written(row) if order["submitted_at"] else {("company", row["company_id"])})

    def _order_of(self, row: Row) -> Row:
        return next(each for each in self.tables["order"] if each["id"] == row.get("order_id", row["id"]))

    def _still(self, row: Row, eyes: Iterable[Eye]) -> set[Eye]:
        """Without a lab that the order has left: what it and the company wrote to each other is no new lab's either."""
        here = row["lab_id"] == self._order_of(row)["lab_id"]
        return {eye for eye in eyes if here or eye[0] == "company"}

    def _known(self, row: Row) -> Iterable[Eye]:
        """A booking's code, which a lab knows that it has left."""
        left = [each for each in self.tables["event"] if each["subject_id"] == row["id"]]
        return {*_booked(row), *(("desk", each["lab_id"]) for each in left if each["kind"] == "booking.moved_away")}

    def _attached(self, row: Row) -> Iterable[Eye]:
        """Those who read what the file is attached to."""
        if row["subject_type"] == "report":
            return self._opened(next(each for each in self.tables["test_report"] if each["id"] == row["subject_id"]))
        messages = {each["id"]: each["order_id"] for each in self.tables["order_message"]}
        on = {**row, "order_id": messages.get(row["subject_id"], row["subject_id"])}
        return self._still(on, _desk(row)) if row["internal"] else self._between(on)


# What an order says beside its lines.
TERMS = ("applicant", "contract_number", "decision_rule", "note")
# What a sample is, beside what stands on its label.
IDENTITY = ("build_level", "configuration", "damage", "transport_paper", "vin", "vin_reason")
LAB_ROLES = (Role.LAB_ADMIN, Role.BENCH_CREW)
# What the product publishes, and its own book-keeping.
PUBLIC = frozenset(
    {
        "source",
        "domain",
        "lab",
        "resource_kind",
        "resource",
        "method",
        "method_transition",
        "test",
        "capability",
        # What a lab asks of everybody's samples.
        "sample_demand",
        "earliest_week",
        "catalogue_load",
        "bench_cell",
        "bench_month",
        "bench_what_if",
        "pool_what_if",
        "simulation",
        "published_period",
        "summarised_cell",
        "summarised_month",
        "turnaround_target",
    }
)
# Texts that are chosen from a list, or written by the program: they name nobody.
PLAIN = frozenset(
    {
        "forecast_held.month",
        "forecast_line.month",
        "forecast_month.month",
        "summarised_lines.month",
        "summarised_lines.kinds",
        # Ids and codes that stand in their own rows too; the story has no line whose times can't be right.
        "summarised_lines.faulty",
        "summarised_lines.losses",
        "event.actor_role",
        "event.kind",
        "event.subject_type",
        "job_run.error",
        "job_run.name",
        "job_run.result",
        "organisation.city",
        "organisation.origin",
        "organisation.province",
        "organisation.sources",
        "organisation.website",
        "membership.lab_ids",
        "invitation.lab_ids",
        "join_request.lab_ids",
        "generated_report.figures",
        "saved_filter.path",
        "scheduled_report.last_error",
        "user.locale",
        # One of the names of calendar programs that are known.
        "feed_subscription.fetched_by",
        "bench_state.pool",
        "booking.footprint",
        "booking.series_id",
        "closure.places",
        "contract_review.checklist",
        "contract_review.lines",
        "closure.series_id",
        "companion.companion_pool",
        "companion.pool",
        "lab_day.hours",
        "lab_rule.kind",
        "lab_rule.pool",
        "limitation.quantity",
        "move_proposal.footprint",
        "notice.kind",
        "notice.side",
        "notice_cursor.name",
        "outbox.last_error",
        "rule_waiver.kind",
        # In capitals, as no word of the story is.
        "sample.serial_number",
        "sample.vin",
        "sample.vin_reason",
        "run_result.equipment",
        "stored_file.media_type",
        "test_report.scope",
        "stored_file.subject_type",
        "shift_pattern.replaces",
        "shift_pattern.shifts",
        "waitlist_entry.resource",
        "waitlist_entry.told",
    }
)
# Ids of other rows: those rows say who may know them.
POINTERS = frozenset(
    {
        "event.company_id",
        "event.lab_id",
        "feed_subscription.target_id",
        "notice.company_id",
        "notice.lab_id",
        "outbox.claimed_by",
        "file_download.file_id",
        "stored_file.subject_id",
        "occupancy.company_id",
        "order_line.retest_of_id",
        "occupancy.state_id",
    }
)


def _rows(table: Any) -> list[Row]:
    return [dict(row) for row in db.session.execute(select(table)).mappings()]


def texts(table: Any) -> Iterator[Column[Any]]:
    """The columns of a table that can hold somebody's words."""
    for column in table.columns:
        is_text = isinstance(column.type, String | Text | JSON) and not isinstance(column.type, Enum)
        if is_text and not column.foreign_keys and f"{table.name}.{column.name}" not in POINTERS:
            yield column


def readers_of_words() -> dict[str, frozenset[Eye]]:
    """Every word of the database with the eyes that may meet it, across all rows in which it stands."""
    readers, found = Readers(), defaultdict(set)
    for table in Base.metadata.sorted_tables:
        if table.name in PUBLIC:
            continue
        may_read = readers.rows[table.name]
        for row in readers.tables[table.name]:
            for column in texts(table):
                eyes = readers.columns.get((table.name, column.name), may_read)(row)
                for word in words_of(row[column.name]):
                    found[word] |= set(eyes)
    return {word: frozenset(eyes) for word, eyes in found.items()}


def words_of(value: Any) -> set[str]:
    """The words in a value of a row; of a code also the part that stands alone in narrow places."""
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    return {*WORDS.findall(text), *CODE.findall(text)}


def unmarked_columns() -> list[str]:
    """Columns of private tables in which no row has a word: what they show could not be found again."""
    readers, missing = Readers(), []
    for table in Base.metadata.sorted_tables:
        if table.name in PUBLIC:
            continue
        for column in texts(table):
            name = f"{table.name}.{column.name}"
            rows = readers.tables[table.name]
            if name not in PLAIN and rows and not any(words_of(row[column.name]) for row in rows):
                missing.append(name)
    return missing
