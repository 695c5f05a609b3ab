"""Who plays in the demo: companies flagged `demo`, the sign-in accounts, and the hands that replay the year."""

from dataclasses import dataclass

from app.accounts.models import Role


@dataclass(frozen=True, slots=True)
class Company:
    """A demo company; `weight` is its share of the requests, `domains` what it prefers to test."""

    id: str
    zh: str
    en: str
    province: str
    city: str
    weight: int
    domains: tuple[str, ...]


# Three of each province: fewer, and nothing of the ways between the two could be told to coordinators.
COMPANIES = (
    Company(
        "demo-oem-a",
        "示例整车甲",
        "Demo OEM A",
        "四川省",
        "成都市",
        5,
        ("traction_battery", "vehicle_safety", "vehicle_emission_energy", "emc"),
    ),
    Company(
        "demo-oem-b",
        "示例整车乙",
        "Demo OEM B",
        "四川省",
        "宜宾市",
        4,
        ("traction_battery", "vehicle_performance", "automated_driving", "emc"),
    ),
    Company(
        "demo-battery-c",
        "示例电池丙",
        "Demo Battery C",
        "四川省",
        "遂宁市",
        3,
        ("traction_battery", "environment"),
    ),
    Company(
        "demo-parts-d",
        "示例零部件丁",
        "Demo Parts D",
        "重庆市",
        "重庆市",
        3,
        ("parts_body", "parts_chassis", "parts_lighting_electric", "environment"),
    ),
    Company(
        "demo-truck-e",
        "示例商用车戊",
        "Demo Trucks E",
        "重庆市",
        "重庆市",
        3,
        ("vehicle_performance", "powertrain_ice", "fuel_cell", "hydrogen"),
    ),
    Company(
        "demo-drive-f",
        "示例电驱己",
        "Demo Drives F",
        "重庆市",
        "重庆市",
        2,
        ("electric_drive", "emc", "environment"),
    ),
)
COORDINATION = "demo-coordination"
PLATFORM = "demo-platform"
AUTHORITIES = (
    (COORDINATION, "示例川渝协调办公室", "Demo coordination office", "重庆市", "重庆市"),
    (PLATFORM, "示例平台运维", "Demo platform operation", "重庆市", "重庆市"),
)


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can sign in to the demo. labs: ids of the catalogue; None = all labs of the organisation."""

    email: str
    name: str
    role: Role
    organisation: str
    labs: tuple[str, ...] | None = ()


ACCOUNTS = (
    Account("oem-a@demo.example", "示例甲工程师", Role.ENGINEER, "demo-oem-a"),
    Account("oem-b@demo.example", "示例乙工程师", Role.ENGINEER, "demo-oem-b"),
    Account("oem-a-manager@demo.example", "示例甲经理", Role.COMPANY_MANAGER, "demo-oem-a"),
    Account("lab@demo.example", "示例受理员", Role.LAB_ADMIN, "cmvr", ("cmvr-new-energy",)),
    Account("crew@demo.example", "示例试验员", Role.BENCH_CREW, "cmvr", ("cmvr-new-energy",)),
    Account("coordinator@demo.example", "示例协调员", Role.COORDINATOR, COORDINATION),
    Account("admin@demo.example", "示例管理员", Role.SYSTEM_ADMIN, PLATFORM),
)

# Who has subscribed to reports of turnaround.
SUBSCRIBERS = ("oem-a@demo.example", "oem-a-manager@demo.example", "lab@demo.example", "coordinator@demo.example")


def operator_account(operator: str) -> Account:
    """The administrator of all labs of an operator."""
    return Account(f"lab-{operator}@demo.example", f"示例受理员 {operator}", Role.LAB_ADMIN, operator, None)


def replay_account(company: Company) -> Account:
    """The engineer whose requests are replayed; nobody signs in as him, so what visitors book is left alone."""
    return Account(f"replay-{company.id}@demo.example", f"{company.zh}工程师", Role.ENGINEER, company.id)
