"""What the pages beside the table say, the API and the command say too, with the same numbers."""

import json
import random
import re
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from flask import Flask

from app.database import transaction
from app.orders.models import ClockStop, OrderLine, StopCause
from app.turnaround.rules import PHASES
from tests.http import browser, program
from tests.world import Person, World, at

COMPANIES = ("秘密甲", "秘密乙", "秘密丙", "秘密丁")
FROM_TO = "from=2025-12-01&to=2026-11-30"


@pytest.fixture
def told(world: World, issued) -> World:
    """Two years of lines of four companies at two labs, each year with other times; some waited for samples."""
    world.bench()
    world.resource("rig", "other")
    world.capable("rig", "t")
    dice, desk = random.Random(5), world.lab_admin("lab").viewer.user_id
    for number in range(140):
        age = dice.randrange(700)
        means = (2, 6 if age < 330 else 11, 3, 6)
        days = tuple(dice.expovariate(1 / mean) for mean in means)
        company, lab = dice.choice(COMPANIES), "lab" if number % 3 else "other"
        line = issued(company, lab, "t", days, at(2, 8, 0) - timedelta(days=age))
        if number % 4 == 0:
            owner = {"company_id": line.company_id, "lab_id": lab, "started_by_id": desk, "cause": StopCause.SAMPLE}
            with transaction() as session:
                times = {"started_at": line.accepted_at, "ended_at": line.taken_at}
                session.add(ClockStop(order_id=line.order_id, **times, **owner))
        if number == 7:
            with transaction() as session:
                session.get_one(OrderLine, line.id).customer_seconds = 10**8
    booking = world.engineer("秘密甲").requests(at(5))
    world.lab_admin("lab").does("confirm", booking)
    world.now = at(2, month=12)
    return world


WHO = {
    "company": lambda world: world.engineer("秘密甲"),
    "lab": lambda world: world.lab_admin("lab"),
    "coordinator": lambda world: world.coordinator(),
}


def options(who: str, person: Person) -> list[str]:
    own = {"company": ["--company", person.viewer.organisation_id], "lab": ["--lab", "lab"], "coordinator": []}
    return own[who]


def cells(html: str, part: str) -> list[list[str]]:
    """The rows of the first table behind this id, without tags."""
    table = html.split(f'id="{part}"')[1].split("</table>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", table.split("<tbody")[1], re.DOTALL)
    return [
        [unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in re.findall(r"<td.*?</td>", row)] for row in rows
    ]


def shown(number: float | None) -> str:
    return "–" if number is None else str(number)


def signed(days: float) -> str:
    return "0.0" if abs(days) < 0.05 else f"{days:+.1f}".replace("-", "−")


@pytest.mark.parametrize("who", list(WHO))
def test_trend_reasons_and_quality_are_the_same_everywhere(told: World, clean: Flask, who: str) -> None:
    person = WHO[who](told)
    runner, headers = clean.test_cli_runner(), program(person)
    with time_machine.travel(told.now, tick=False):
        client = browser(clean, person)

        def ask(name: str, more: str = "") -> dict:
            answer = client.get(f"/api/v1/turnaround/{name}?{FROM_TO}{more}", headers=headers)
            assert answer.status_code == 200, answer.json
            return answer.json

        def command(*args: str) -> dict:
            given = ["--from", "2025-12-01", "--to", "2026-11-30", *options(who, person)]
            return json.loads(runner.invoke(args=["turnaround", "show", *args, *given]).output)

        def page(address: str, more: str = "") -> str:
            return client.get(f"/turnaround/{address}?{FROM_TO}{more}").get_data(as_text=True)

        for grain in ("month", "quarter"):
            trend = ask("trend", f"&grain={grain}")
            assert trend == command("trend", "--grain", grain)
            rows = cells(page("", f"&grain={grain}"), "trend")
            names = ("lines", "median_days", "p80_days", "p95_days", "median_days_year_ago")
            assert [[row[0].split()[0], *row[1:]] for row in rows] == [
                [item["key"], *(shown(item[name]) for name in names)] for item in trend["items"]
            ]
            assert sum(item["lines"] or 0 for item in trend["items"]) > 10
        for against, name in (("before", "reasons"), ("year", "reasons-year")):
            reasons = ask("reasons", f"&against={against}")
            assert reasons == command(name)
            html = page("why", f"&against={against}")
            change = reasons["change"]
            days = [change["mix_days"], *(change["phases"][phase] for phase in PHASES), change["total_days"]]
            assert [row[1] for row in cells(html, "change")] == [signed(each) for each in days]
            assert sum(days[:-1]) == pytest.approx(days[-1], abs=0.051)
            assert [row[1:3] for row in cells(html, "causes")] == [
                [shown(cause["lines"]), shown(cause["days"])] for cause in reasons["causes"]
            ]
            assert reasons["causes"] and bool(reasons["flow"]) == bool(reasons["costliest"]) == (who != "coordinator")
            for line in reasons["costliest"]:
                assert line["order_code"] in html
        quality = ask("quality")
        assert quality == command("quality")
        html = page("quality")
        assert re.findall(r'data-l="委托项">(?:<a[^>]+>)?(\d+)', html) == [
            str(each["lines"]) for each in quality["faults"]
        ]
        assert len(quality["items"]) == (
            0 if who == "coordinator" else sum(each["lines"] for each in quality["faults"])
        )
        reached = ask("time-to-report")
        assert reached == command("time-to-report")
        assert f"一半的委托项在提交后 {reached['median_days']} 天内有报告" in page("")


def test_bottlenecks_are_the_same_everywhere_and_not_for_companies(told: World, clean: Flask) -> None:
    with time_machine.travel(told.now, tick=False):
        for who in ("lab", "coordinator"):
            person = WHO[who](told)
            client = browser(clean, person)
            answer = client.get("/api/v1/turnaround/bottlenecks?months=3", headers=program(person)).json
            args = ["turnaround", "show", "bottlenecks", "--months", "3", *options(who, person)]
            assert json.loads(clean.test_cli_runner().invoke(args=args).output) == answer
            html = client.get("/turnaround/bottlenecks?months=3").get_data(as_text=True)
            if who == "lab":
                (chamber,) = answer["items"]
                parts = [chamber[f"{name}_hours"] for name in ("running", "unused", "lost", "free")]
                assert chamber["booked_percent"] == 1 and sum(parts) == pytest.approx(chamber["open_hours"], abs=2)
                row = cells(html, "hours")[0]
                assert row[1:3] == [str(chamber["units"]), f"{chamber['open_hours']:,}"]
            else:
                # One line of one company: no kind of bench may be told.
                booked = [item for item in answer["items"] if item["suppressed"]]
                assert booked and all(item["open_hours"] is None for item in booked)
                assert all(item["lost_hours"] is None and item["free_hours"] is None for item in answer["items"])
        engineer = told.engineer("秘密甲")
        refused = browser(clean).get("/api/v1/turnaround/bottlenecks", headers=program(engineer))
        assert refused.status_code == 403
        company = options("company", engineer)
        assert clean.test_cli_runner().invoke(args=["turnaround", "show", "bottlenecks", *company]).exit_code == 3


def test_coordinators_are_told_no_line_and_no_company(told: World, clean: Flask) -> None:
    coordinator = told.coordinator()
    with time_machine.travel(told.now, tick=False):
        client = browser(clean)
        for name in ("trend?grain=quarter", "trend?lab=other", "reasons", "quality", "time-to-report", "bottlenecks"):
            answer = client.get(f"/api/v1/turnaround/{name}", headers=program(coordinator))
            text = answer.get_data(as_text=True)
            assert answer.status_code == 200 and "秘密" not in text and "order_code" not in text
        crew = program(told.bench_crew("lab"))
        for name in ("trend", "reasons", "quality", "time-to-report", "bottlenecks"):
            assert client.get(f"/api/v1/turnaround/{name}", headers=crew).status_code == 403
            assert client.get(f"/api/v1/turnaround/{name}").status_code == 401


def test_small_months_of_all_companies_are_null(told: World, clean: Flask) -> None:
    with time_machine.travel(told.now, tick=False):
        headers = program(told.coordinator())
        trend = browser(clean).get("/api/v1/turnaround/trend", headers=headers).json
        narrow = (
            browser(clean)
            .get("/api/v1/turnaround/time-to-report?from=2026-10-20&to=2026-10-21&test=none", headers=headers)
            .json
        )
    hidden = [item for item in trend["items"] if item["suppressed"]]
    assert all((item["lines"], item["median_days"], item["p95_days"]) == (None,) * 3 for item in hidden)
    assert all(item["lines"] is None or item["lines"] >= 5 for item in trend["items"])
    assert narrow["suppressed"] and (narrow["median_days"], narrow["issued"], narrow["still_open"]) == (None,) * 3
