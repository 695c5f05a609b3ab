"""Builders for stories: a small catalogue, companies and labs, and people who do things through the services."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from app.accounts.models import Membership, Organisation, OrganisationKind, Role, User
from app.accounts.policy import Viewer
from app.accounts.queries import viewer_of
from app.booking import moves, queries, service
from app.booking.availability import Availability, Wish, availability
from app.booking.models import Booking
from app.booking.move_rules import MoveCause
from app.booking.moves import Move
from app.booking.rules import State, bookable_span
from app.booking.service import Book
from app.booking.settings import limits_of
from app.booking.steps import Change
from app.database import db, transaction
from app.labs.capacity import LabRule, touch
from app.labs.models import Capability, Domain, Lab, Method, Resource, ResourceKind, Test
from app.labs.queries import benches
from app.worktime import Interval

SHANGHAI = ZoneInfo("Asia/Shanghai")
# A Monday before a fortnight without holidays.
NOW = datetime(2026, 11, 2, 9, 0, tzinfo=SHANGHAI).astimezone(UTC)


def at(day: int, hour: int = 8, minute: int = 30, month: int = 11, year: int = 2026) -> datetime:
    """A local instant of November 2026 (Monday the 2nd is `NOW`'s day), aware UTC."""
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


@dataclass
class World:
    """The people and things of one story; everything is stored at once. `now` may be moved on."""

    now: datetime = NOW
    serial: Iterator[int] = field(default_factory=lambda: count(1))

    def organisation(self, name: str, kind: OrganisationKind, province: str = "四川省", demo: bool = False) -> str:
        """The organisation of this name, made when it is new; returns its id."""
        with transaction() as session:
            known = session.query(Organisation).filter_by(name_zh=name).one_or_none()
            if known is None:
                ident = f"org-{next(self.serial)}"
                known = Organisation(
                    id=ident,
                    name_zh=name,
                    name_en=f"Company {ident}",
                    short_zh=name,
                    short_en=f"Company {ident}",
                    kind=kind,
                    province=province,
                    city="成都市" if province == "四川省" else "重庆市",
                    demo=demo,
                    created_at=self.now,
                )
                session.add(known)
            return known.id

    def member(self, organisation_id: str, role: Role, lab_ids: list[str] | None = None) -> "Person":
        """A new user with this role."""
        with transaction() as session:
            number = next(self.serial)
            user = User(
                email=f"user{number}@test.example",
                name=f"用户{number}",
                password_hash="!",
                created_at=self.now,
            )
            membership = Membership(
                user=user,
                organisation_id=organisation_id,
                role=role,
                lab_ids=lab_ids or [],
                created_at=self.now,
            )
            session.add(membership)
            session.flush()
            return Person(self, viewer_of(membership), user.email)

    def engineer(self, company: str) -> "Person":
        return self.member(self.organisation(company, OrganisationKind.COMPANY), Role.ENGINEER)

    def lab_admin(self, *labs: str) -> "Person":
        return self._lab_member(Role.LAB_ADMIN, labs)

    def bench_crew(self, *labs: str) -> "Person":
        return self._lab_member(Role.BENCH_CREW, labs)

    def _lab_member(self, role: Role, labs: tuple[str, ...]) -> "Person":
        return self.member(db.session.get(Lab, labs[0]).organisation_id, role, list(labs))

    def coordinator(self) -> "Person":
        authority = self.organisation("两地协调办", OrganisationKind.AUTHORITY, "重庆市")
        return self.member(authority, Role.COORDINATOR)

    def lab(self, ident: str = "lab", name: str = "试验中心") -> str:
        operator = self.organisation(f"{name}运营方", OrganisationKind.LAB_OPERATOR, "重庆市")
        with transaction() as session:
            self._domain()
            session.add(
                Lab(
                    id=ident,
                    organisation_id=operator,
                    name_zh=name,
                    name_en=f"Test centre {ident}",
                    short_zh=name,
                    level="national_centre",
                    district_zh="两江新区",
                    district_en="Liangjiang New Area",
                    address_zh="",
                    lat=29.72,
                    lon=106.63,
                    coord_basis="district",
                    domains=["battery"],
                    approvals_zh=[],
                    approvals_en=[],
                    summary_zh="",
                    summary_en="",
                    confidence="high",
                )
            )
        return ident

    def resource(
        self,
        ident: str = "chamber",
        lab: str = "lab",
        *,
        places: int = 1,
        shifts: str = "day",
        grain: int = 30,
        unattended: bool = False,
        pool: str | None = None,
    ) -> str:
        with transaction() as session:
            if session.get(Lab, lab) is None:
                self.lab(lab)
            if session.get(ResourceKind, "kind") is None:
                session.add(
                    ResourceKind(
                        id="kind",
                        domain_id="battery",
                        name_zh="环境舱",
                        name_en="Climatic chamber",
                        description_zh="",
                        description_en="",
                        place="indoor",
                        grain_minutes=grain,
                        shared=True,
                        needs_daylight=False,
                        weather=[],
                        unattended=unattended,
                    )
                )
                session.flush()
            session.add(
                Resource(
                    id=ident,
                    pool=pool or ident,
                    unit=None,
                    lab_id=lab,
                    kind_id="kind",
                    name_zh=f"环境舱 {ident}",
                    name_en=f"Chamber {ident}",
                    places=places,
                    place="indoor",
                    grain_minutes=grain,
                    shifts=shifts,
                    unattended=unattended,
                    capability_zh="",
                    capability_en="",
                    evidence="documented",
                )
            )
        return ident

    def test(
        self,
        ident: str = "t",
        *,
        setup: int = 0,
        run: int = 240,
        teardown: int = 0,
        on: str = "chamber",
        **columns: Any,
    ) -> str:
        """A test of `run` minutes that the pool `on` can do (several pools: call `capable`)."""
        with transaction() as session:
            self._domain()
            if session.get(Method, "gbtest-2026") is None:
                session.add(
                    Method(
                        id="gbtest-2026",
                        code="GB TEST-2026",
                        code_norm="gbtest-2026",
                        title_zh="试验方法",
                        title_en="Test method",
                        kind="gb_t",
                        domain_id="battery",
                        status="in_force",
                        replaces=[],
                    )
                )
                session.flush()
            defaults: dict[str, Any] = {
                "run_splits": False,
                "one_window": False,
                "destructive": False,
                "report_days": 5,
                "duration_basis": "planning",
            }
            session.add(
                Test(
                    id=ident,
                    method_id="gbtest-2026",
                    clause="",
                    name_zh=f"项目 {ident}",
                    name_en=f"Test {ident}",
                    domain_id="battery",
                    kind_id="kind",
                    sample_zh="电池包",
                    sample_en="Pack",
                    sample_kind="pack",
                    samples=1,
                    setup_minutes=setup,
                    run_minutes=run,
                    teardown_minutes=teardown,
                    note_zh="",
                    note_en="",
                    position=1,
                    **(defaults | columns),
                )
            )
            session.flush()
        self.capable(on, ident)
        return ident

    def capable(self, pool: str, test: str) -> None:
        with transaction() as session:
            session.add(Capability(pool=pool, test_id=test, basis="documented", note_zh="", note_en=""))

    def whole(self, ident: str, *parts: str) -> None:
        """A bench of parts, each of which can be had alone; all can do the test `t`."""
        self.bench(ident=ident, pool=ident)
        for part in parts:
            self.resource(part)
            self.capable(part, "t")
        with transaction() as session:
            for part in parts:
                session.get_one(Resource, part).whole_id = ident
            touch(session, "lab")

    def _domain(self) -> None:
        with transaction() as session:
            if session.get(Domain, "battery") is None:
                session.add(
                    Domain(
                        id="battery",
                        name_zh="动力电池",
                        name_en="Traction battery",
                        description_zh="",
                        description_en="",
                        position=1,
                    )
                )

    def rule(self, kind: str, value: Any, lab: str = "lab", pool: str = "", owner: "Person | None" = None) -> None:
        """A rule of the lab, or of one of its pools; the last of a kind holds."""
        with transaction() as session:
            session.query(LabRule).filter_by(lab_id=lab, pool=pool, kind=kind).delete()
            owner_id = owner.viewer.user_id if owner else None
            rule = LabRule(lab_id=lab, pool=pool, kind=kind, value={"value": value}, created_at=self.now)
            rule.owner_id = owner_id
            session.add(rule)
            touch(session, lab)

    def bench(self, test: str = "t", **columns: Any) -> str:
        """A bench `chamber` at `lab` that can do the test `t`: the usual beginning of a story."""
        resource = self.resource(**columns)
        self.test(test, on=columns.get("pool") or resource)
        return resource


@dataclass
class Person:
    """A viewer who acts at the world's `now`."""

    world: World
    viewer: Viewer
    email: str

    def holds(self, start: datetime, resource: str = "chamber", test: str = "t", **more: Any) -> Booking:
        command = Book(test_id=test, resource=resource, starts_at=start, **more)
        return service.book(self.viewer, command, self.world.now)

    def requests(self, start: datetime, resource: str = "chamber", test: str = "t", **more: Any) -> Booking:
        return self.holds(start, resource, test, state=State.REQUESTED, **more)

    def does(self, step: str, booking: Booking, reason: str = "") -> Booking:
        """One of `service.STEPS` on the booking as it is now."""
        command = Change(booking.id, booking.version, reason)
        return service.STEPS[step](self.viewer, command, self.world.now)

    def moves(
        self,
        booking: Booking,
        start: datetime,
        reason: str = "",
        resource: str | None = None,
        cause: MoveCause | None = None,
    ) -> Booking:
        command = Move(booking.id, booking.version, reason, starts_at=start, resource=resource, cause=cause)
        return moves.move(self.viewer, command, self.world.now)

    def sees(self, booking: Booking) -> Booking:
        return queries.visible_booking(self.viewer, booking.id)

    def availability(self, resource: str = "chamber", days: int = 14) -> Availability:
        """What anybody sees of the resource from `now` on."""
        now = self.world.now
        span = Interval(now, now + timedelta(days=days))
        company_id = self.viewer.company_id
        (bench,) = benches([resource], company_id=company_id)
        taken = queries.taken(bench.reads, span, now)
        return availability(bench, span, taken, bookable_span(now, limits_of(bench)), Wish(company_id))
