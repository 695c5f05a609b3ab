"""Organisations, people, what they are where, and the secrets they hold (as hashes)."""

import enum
from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false, true
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from app.accounts import rules
from app.database import Base, random_id
from app.errors import N_


class OrganisationKind(enum.StrEnum):
    COMPANY = "company"
    LAB_OPERATOR = "lab_operator"
    AUTHORITY = "authority"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return KIND_LABELS[self]


KIND_LABELS = {
    OrganisationKind.COMPANY: N_("企业"),
    OrganisationKind.LAB_OPERATOR: N_("实验室运营方"),
    OrganisationKind.AUTHORITY: N_("主管部门"),
}


class Role(enum.StrEnum):
    ENGINEER = "engineer"
    COMPANY_MANAGER = "company_manager"
    LAB_ADMIN = "lab_admin"
    BENCH_CREW = "bench_crew"
    COORDINATOR = "coordinator"
    SYSTEM_ADMIN = "system_admin"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return ROLE_LABELS[self]


ROLE_LABELS = {
    Role.ENGINEER: N_("工程师"),
    Role.COMPANY_MANAGER: N_("企业管理员"),
    Role.LAB_ADMIN: N_("业务受理"),
    Role.BENCH_CREW: N_("试验员"),
    Role.COORDINATOR: N_("协同管理"),
    Role.SYSTEM_ADMIN: N_("系统管理员"),
}

COMPANY_ROLES = frozenset({Role.ENGINEER, Role.COMPANY_MANAGER})
LAB_ROLES = frozenset({Role.LAB_ADMIN, Role.BENCH_CREW})


class Scope(enum.StrEnum):
    READ = "read"
    WRITE = "write"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return N_("只读") if self is Scope.READ else N_("读写")


class Organisation(Base):
    """A company, an operator of labs or an authority; `id` is the catalogue's for those that stand there."""

    __tablename__ = "organisation"

    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    short_zh: Mapped[str]
    short_en: Mapped[str]
    kind: Mapped[OrganisationKind]
    province: Mapped[str]
    city: Mapped[str]
    credit_code: Mapped[str | None] = mapped_column(String(18), unique=True)
    website: Mapped[str | None]
    sources: Mapped[list[str]] = mapped_column(default=list)
    demo: Mapped[bool] = mapped_column(Boolean, server_default=false(), default=False)
    origin: Mapped[str] = mapped_column(String(20), default="registered")
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]

    @validates("credit_code")
    def _check_credit_code(self, _key: str, value: str | None) -> str | None:
        return rules.credit_code(value) if value else None


class User(Base):
    """A person who signs in. `get_id`, `is_active` … are what Flask-Login asks for."""

    __tablename__ = "user"

    id: Mapped[str] = random_id()
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str]
    password_hash: Mapped[str]
    locale: Mapped[str] = mapped_column(String(10), default="zh")
    active: Mapped[bool] = mapped_column(Boolean, server_default=true(), default=True)
    # Grows with each password change, so that sessions opened before end.
    session_version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]

    memberships: Mapped[list["Membership"]] = relationship(back_populates="user", order_by="Membership.created_at")

    is_authenticated = True
    is_anonymous = False

    @property
    def is_active(self) -> bool:
        return self.active

    def get_id(self) -> str:
        return f"{self.id}:{self.session_version}"

    @validates("email")
    def _lower(self, _key: str, value: str) -> str:
        return value.strip().lower()


class Membership(Base):
    """A user's role in an organisation; a lab role names its labs in `lab_ids` (ids of the catalogue)."""

    __tablename__ = "membership"
    __table_args__ = (
        UniqueConstraint("user_id", "organisation_id", "role"),
        Index("ix_membership_user", "user_id"),
    )

    id: Mapped[str] = random_id()
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    role: Mapped[Role]
    lab_ids: Mapped[list[str]] = mapped_column(default=list)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(back_populates="memberships")
    organisation: Mapped[Organisation] = relationship()

    @validates("lab_ids")
    def _check_labs(self, _key: str, value: list[str]) -> list[str]:
        if value and self.role not in LAB_ROLES:
            raise ValueError("only a lab role has labs")
        return sorted(value)


class ApiToken(Base):
    """A bearer token, stored as SHA-256 of 256 random bits; it acts as one membership of its user."""

    __tablename__ = "api_token"

    id: Mapped[str] = random_id()
    membership_id: Mapped[str] = mapped_column(ForeignKey("membership.id"))
    name: Mapped[str]
    scope: Mapped[Scope]
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    membership: Mapped[Membership] = relationship()


class Invitation(Base):
    """A link that makes its receiver a member once, until it ends."""

    __tablename__ = "invitation"

    id: Mapped[str] = random_id()
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[str] = mapped_column(String(254))
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    role: Mapped[Role]
    lab_ids: Mapped[list[str]] = mapped_column(default=list)
    invited_by_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship()


class SignInFailure(Base):
    """A refused sign-in; enough of them lock the address for a while."""

    __tablename__ = "sign_in_failure"
    __table_args__ = (Index("ix_sign_in_failure_email", "email", "at"),)

    id: Mapped[str] = random_id()
    email: Mapped[str] = mapped_column(String(254))
    at: Mapped[datetime]


class JoinRequest(Base):
    """A seat that somebody asks for, and the answer."""

    __tablename__ = "join_request"
    __table_args__ = (
        CheckConstraint("(decided_at IS NULL) = (accepted IS NULL)", name="decision"),
        Index("ix_join_request_user", "user_id", "created_at"),
        Index("ix_join_request_organisation", "organisation_id", "decided_at"),
    )

    id: Mapped[str] = random_id()
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisation.id"))
    role: Mapped[Role]
    lab_ids: Mapped[list[str]] = mapped_column(default=list)
    text: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    accepted: Mapped[bool | None]

    user: Mapped[User] = relationship()
    organisation: Mapped[Organisation] = relationship()
