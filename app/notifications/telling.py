"""Who is told what, written down: a notice for each receiver, and a mail where he wants one."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy.orm import Session

from app.accounts.members import may_fill
from app.accounts.models import Membership, Role, User
from app.accounts.policy import Viewer, allowed
from app.accounts.queries import viewer_of
from app.identifiers import new_id
from app.notifications import queries, rules
from app.notifications.groups import REPORTERS, Group, How, Side
from app.notifications.kinds import KINDS, Kind
from app.notifications.models import Mail, Notice
from app.notifications.server import Server, server_of
from app.notifications.subjects import Subject


@dataclass(frozen=True, slots=True)
class Told:
    """Something to be told to one side. source: what it is made from, told to each member once. by: who did it."""

    kind: Kind
    side: Side
    subject: Subject
    source: str
    at: datetime
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who hears of something: in a seat of his, or, with an account alone (seat None), by mail."""

    user: User
    seat: Membership | None

    @property
    def seat_id(self) -> str | None:
        return self.seat.id if self.seat else None

    @property
    def viewer(self) -> Viewer:
        """What the policy is asked with."""
        return viewer_of(self.seat) if self.seat else Viewer(user_id=self.user.id, name=self.user.name)


def tell(session: Session, told: Sequence[Told], now: datetime) -> int:
    """Write notices and queue mails, in this transaction; what was told before is left out. Returns how many."""
    people = People.of(told)
    pairs = [(one, receiver) for one in told for receiver in people.receivers(one)]
    users = {receiver.user.id for _, receiver in pairs}
    known = queries.told_already(users, {one.source for one in told})
    choices = queries.choices_of(users)
    server = server_of(current_app.config)
    count = 0
    for one, receiver in pairs:
        key = (receiver.user.id, receiver.seat_id, one.source)
        if key in known:
            continue
        known.add(key)
        notice = _notice(one, receiver)
        session.add(notice)
        if server and now - one.at <= rules.MAILED_WITHIN:
            _queue(session, notice, receiver, choices, server, now)
        count += 1
    session.flush()
    return count


def _notice(one: Told, receiver: Receiver) -> Notice:
    facts = dict(one.subject.facts)
    if one.side is Side.LAB:
        facts["company"] = list(one.subject.company)
    return Notice(
        id=new_id(),
        user_id=receiver.user.id,
        membership_id=receiver.seat_id,
        kind=one.kind.value,
        side=one.side.value,
        company_id=one.subject.company_id,
        lab_id=one.subject.lab_id,
        facts=facts,
        path=path_of(one),
        source=one.source,
        created_at=one.at,
    )


def path_of(one: Told) -> str:
    """The address of the page, without the house's own."""
    page = KINDS[one.kind].page
    values = {page.parameter: one.subject.page_id} if page.parameter else {}
    return current_app.url_map.bind("").build(page.endpoint, {**values, **one.subject.address})


def _queue(
    session: Session,
    notice: Notice,
    receiver: Receiver,
    choices: Mapping[tuple[str, Group], How],
    server: Server,
    now: datetime,
) -> None:
    how = choices.get((receiver.user.id, notice.group), How.AT_ONCE)
    # The daily mail is that of a seat.
    if how is How.AT_ONCE or (how is How.DAILY and receiver.seat is None):
        session.add(mail_about([notice], receiver, server, now))
    else:
        notice.in_digest = how is How.DAILY


def mail_about(
    notices: Sequence[Notice], receiver: Receiver, server: Server, now: datetime, daily: bool = False
) -> Mail:
    """A mail to be sent, not yet stored; its Message-ID stays the same over all attempts."""
    ident = new_id()
    return Mail(
        id=ident,
        user_id=receiver.user.id,
        membership_id=receiver.seat_id,
        notice_ids=[notice.id for notice in notices],
        daily=daily,
        to_address=receiver.user.email,
        message_id=f"<{ident}@{server.domain}>",
        created_at=now,
        next_attempt_at=now,
    )


@dataclass(frozen=True, slots=True)
class People:
    """Open memberships that a batch of tellings may concern, and who asked for something himself."""

    by_company: Mapping[str, Sequence[Membership]]
    by_lab: Mapping[str, Sequence[Membership]]
    by_user: Mapping[str, Sequence[Membership]]
    by_id: Mapping[str, Membership]
    askers: Mapping[str, User]

    @classmethod
    def of(cls, told: Iterable[Told]) -> "People":
        told = list(told)
        companies = {one.subject.company_id for one in told if one.subject.company_id}
        labs = {one.subject.lab_id for one in told if one.subject.lab_id}
        askers = {one.subject.owner_id for one in told if one.side is Side.ASKER}
        seats = {one.subject.membership_id for one in told if one.side is Side.SUBSCRIBER}
        members = queries.members(companies, bool(labs), askers, seats)
        by_company, by_lab, by_user = defaultdict(list), defaultdict(list), defaultdict(list)
        for member in members:
            by_company[member.organisation_id].append(member)
            by_user[member.user_id].append(member)
            for lab_id in member.lab_ids:
                by_lab[lab_id].append(member)
        return cls(by_company, by_lab, by_user, {member.id: member for member in members}, queries.users_by_id(askers))

    def receivers(self, one: Told) -> list[Receiver]:
        """Who hears of it: those of the side, allowed to see it, but not who did it, unless it is for him."""
        found = {
            Side.COMPANY: self._company,
            Side.LAB: lambda subject: self._lab(subject, Role.LAB_ADMIN),
            Side.CREW: lambda subject: self._lab(subject, Role.BENCH_CREW),
            Side.DECIDERS: self._deciders,
            Side.ASKER: self._asker,
            Side.SUBSCRIBER: self._subscriber,
            **dict.fromkeys(REPORTERS, self._named),
        }[one.side](one.subject)
        seated = [Receiver(each.user, each) for each in found] or self._without_seat(one)
        by = None if one.side is Side.SUBSCRIBER else one.by
        told = [each for each in seated if each.user.id != by and may_know(each.viewer, one.subject)]
        # Who has two seats on that side hears of it once, in his older one.
        return list({each.user.id: each for each in reversed(told)}.values())[::-1]

    def _company(self, subject: Subject) -> list[Membership]:
        """Who ordered it; once he has left, the company's managers."""
        members = [each for each in self.by_company.get(subject.company_id or "", ()) if not each.lab_ids]
        own = [each for each in members if each.user_id == subject.owner_id]
        return own or [each for each in members if each.role is Role.COMPANY_MANAGER]

    def _lab(self, subject: Subject, role: Role) -> list[Membership]:
        return [each for each in self.by_lab.get(subject.lab_id or "", ()) if each.role is role]

    def _named(self, subject: Subject) -> list[Membership]:
        """People of the lab who are meant by name; in a company's seat nobody hears of it."""
        at_lab = self.by_lab.get(subject.lab_id or "", ())
        return [each for each in at_lab if each.user_id in subject.people]

    def _subscriber(self, subject: Subject) -> list[Membership]:
        member = self.by_id.get(subject.membership_id)
        return [member] if member else []

    def _deciders(self, subject: Subject) -> list[Membership]:
        """Those of the house who fill such seats; the system's administrators could, and are left alone."""
        members = self.by_company.get(subject.company_id or "", ())
        return [each for each in members if subject.seat and may_fill(viewer_of(each), subject.seat)]

    def _asker(self, subject: Subject) -> list[Membership]:
        """In the seat that he was given, else in his first one."""
        own = self.by_user.get(subject.owner_id, ())
        given = [each for each in own if subject.seat and each.organisation_id == subject.seat.organisation_id]
        return list(given or own)[:1]

    def _without_seat(self, one: Told) -> list[Receiver]:
        """Who asked himself and sits nowhere."""
        user = self.askers.get(one.subject.owner_id) if one.side is Side.ASKER else None
        return [Receiver(user, None)] if user else []


def may_know(viewer: Viewer, thing: Any) -> bool:
    """Whether the policy lets this member see what a subject or a notice is about."""
    action = thing.action
    return action is None or bool(allowed(viewer, action, thing))
