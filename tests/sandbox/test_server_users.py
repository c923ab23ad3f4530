"""Several users: what each may see, and the ways that lead to each one's session."""

import time
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.process import Access, Running, start
from tests.sandbox.conftest import trusting
from tests.sandbox.tiny import ANNA, LATE, LEADS, NOW, ROBOT, WANDA, lead_id

ROOT = "/services/data/v64.0"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
THERE = LEADS - LATE


def client(running: Running, token: str) -> requests.Session:
    session = trusting(running)
    session.headers["Authorization"] = f"Bearer {token}"
    return session


def of(running: Running, user: str) -> requests.Session:
    return client(running, running.users[user].access_token)


def count(running: Running, user: str, soql: str) -> int:
    answer = of(running, user).get(f"{running.url}{ROOT}/query", params={"q": soql}).json()
    return int(answer["totalSize"])


def test_the_users_are_people_of_the_organisation(running: Running) -> None:
    assert set(running.users) == {"integration", "restricted", "regional", "writer"}
    assert running.access_token == running.users["integration"].access_token
    who = {}
    for name in running.users:
        session = of(running, name)
        said = session.get(f"{running.url}/services/oauth2/userinfo").json()
        who[name] = said["user_id"]
        record = session.get(f"{running.url}{ROOT}/sobjects/User/{said['user_id']}").json()
        assert record["Username"] == said["preferred_username"] == running.users[name].username
    assert who["integration"] == ROBOT
    assert who["regional"] == ANNA
    assert who["writer"] == WANDA
    assert len(set(who.values())) == 4


def test_hidden_fields_are_nowhere(running: Running) -> None:
    session = of(running, "restricted")
    fields = session.get(f"{running.url}{ROOT}/sobjects/Lead/describe").json()["fields"]
    assert not [field["name"] for field in fields if field["custom"]]
    record = session.get(f"{running.url}{ROOT}/sobjects/Lead/{lead_id(3)}").json()
    assert "Name" in record
    assert "Score__c" not in record
    for soql in (
        "SELECT Score__c FROM Lead",
        "SELECT Id FROM Lead WHERE Score__c > 1",
        "SELECT Id FROM Lead ORDER BY Score__c",
        "SELECT COUNT(Id) FROM Lead GROUP BY Region__c",
        "SELECT CompletedDateTime FROM Task",
        "SELECT Owner.Region__c FROM Task",
    ):
        refused = session.get(f"{running.url}{ROOT}/query", params={"q": soql})
        assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "INVALID_FIELD")
    assert count(running, "integration", "SELECT Score__c FROM Lead") == THERE


def test_hidden_objects_are_nowhere(running: Running) -> None:
    session = of(running, "restricted")
    listed = session.get(f"{running.url}{ROOT}/sobjects").json()["sobjects"]
    assert "Report" not in {item["name"] for item in listed}
    assert session.get(f"{running.url}{ROOT}/sobjects/Report/describe").status_code == 404
    refused = session.get(f"{running.url}{ROOT}/query", params={"q": "SELECT Id FROM Report"})
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (400, "INVALID_TYPE")
    asked = {"operation": "query", "query": "SELECT Id FROM Report"}
    assert session.post(f"{running.url}{ROOT}/jobs/query", json=asked).status_code == 400
    assert count(running, "integration", "SELECT Id FROM Report") == 1


def test_one_region_is_shared(running: Running) -> None:
    assert count(running, "regional", "SELECT Id FROM Lead") == THERE // 3
    assert count(running, "regional", "SELECT COUNT() FROM Lead WHERE Region__c = 'AMER'") == 0
    assert count(running, "regional", "SELECT Id FROM LeadHistory") == 0  # of a lead of AMER
    assert count(running, "integration", "SELECT Id FROM LeadHistory") == 1
    assert count(running, "regional", "SELECT Id FROM User") == 4
    session = of(running, "regional")
    assert session.get(f"{running.url}{ROOT}/sobjects/Lead/{lead_id(0)}").status_code == 200
    assert session.get(f"{running.url}{ROOT}/sobjects/Lead/{lead_id(1)}").status_code == 404


def test_who_may_write_and_view_set_up(running: Running) -> None:
    for name, may_write, views in (
        ("integration", False, True),
        ("restricted", False, False),
        ("regional", False, False),
        ("writer", True, True),
    ):
        session = of(running, name)
        lead = session.get(f"{running.url}{ROOT}/sobjects/Lead/describe").json()
        by_name = {field["name"]: field for field in lead["fields"]}
        said = [lead["createable"], lead["deletable"], by_name["Status"]["updateable"]]
        assert said == [may_write] * 3
        assert not by_name["SystemModstamp"]["updateable"]
        history = session.get(f"{running.url}{ROOT}/sobjects/LeadHistory/describe").json()
        assert not history["updateable"]
        counted = session.get(f"{running.url}{ROOT}/limits/recordCount?sObjects=Lead")
        assert counted.status_code == (200 if views else 403)


def test_answers_belong_to_whoever_asked(running: Running) -> None:
    mine, other = of(running, "integration"), of(running, "writer")
    first = mine.get(f"{running.url}{ROOT}/query", params={"q": "SELECT Id FROM Lead"}).json()
    assert mine.get(running.url + first["nextRecordsUrl"]).status_code == 200
    assert other.get(running.url + first["nextRecordsUrl"]).status_code == 400
    asked = {"operation": "query", "query": "SELECT Id FROM Lead"}
    job = mine.post(f"{running.url}{ROOT}/jobs/query", json=asked).json()["id"]
    assert other.get(f"{running.url}{ROOT}/jobs/query/{job}").status_code == 404


def assertion(access: Access, key: str, **claims: object) -> dict[str, str]:
    said = {
        "iss": access.client_id,
        "sub": access.username,
        "aud": "https://login.salesforce.com",
        "exp": int(time.time()) + 180,
        **claims,
    }
    said = {name: value for name, value in said.items() if value is not None}
    return {"grant_type": GRANT, "assertion": jwt.encode(said, key, algorithm="RS256")}


def test_a_signed_assertion_opens_a_session(running: Running) -> None:
    url = f"{running.url}/services/oauth2/token"
    for access in running.users.values():
        key = access.private_key_file.read_text()
        for audience in ("https://login.salesforce.com", running.url):
            data = assertion(access, key, aud=audience)
            opened = trusting(running).post(url, data=data).json()
            session = client(running, opened["access_token"])
            who = session.get(f"{running.url}/services/oauth2/userinfo").json()
            assert who["preferred_username"] == access.username


def test_a_wrong_assertion_does_not(running: Running) -> None:
    access = running.users["integration"]
    key = access.private_key_file.read_text()
    past = int(time.time()) - 10
    wrong: list[tuple[dict[str, str], str]] = [
        (assertion(access, key, exp=past), "invalid_grant"),
        (assertion(access, key, exp=None), "invalid_grant"),
        (assertion(access, key, aud="https://example.com"), "invalid_grant"),
        (assertion(access, key, iss="nobody"), "invalid_client_id"),
        (assertion(access, key, sub=running.users["writer"].username), "invalid_grant"),
        ({"grant_type": GRANT, "assertion": "x.y.z"}, "invalid_grant"),
    ]
    foreign = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    said = {"iss": access.client_id, "sub": access.username, "aud": running.url, "exp": past + 99}
    for signed in (
        jwt.encode(said, foreign, algorithm="RS256"),
        jwt.encode(said, access.client_secret, algorithm="HS256"),
        jwt.encode(said, "", algorithm="none"),
    ):
        wrong.append(({"grant_type": GRANT, "assertion": signed}, "invalid_grant"))
    for data, error in wrong:
        refused = trusting(running).post(f"{running.url}/services/oauth2/token", data=data)
        assert (refused.status_code, refused.json()["error"]) == (400, error)


@pytest.fixture
def own(tiny: Path, tmp_path: Path) -> Iterator[Running]:
    with start(tiny, tmp_path / "state.json", clock=NOW) as server:
        yield server


def test_expired_sessions(own: Running) -> None:
    url = f"{own.url}{ROOT}/limits"
    assert of(own, "writer").get(url).status_code == 200
    own.expire_sessions()
    for access in own.users.values():
        assert client(own, access.access_token).get(url).status_code == 401
    app = {"client_id": own.client_id, "client_secret": own.client_secret}
    data = {"grant_type": "client_credentials", **app}
    token = trusting(own).post(f"{own.url}/services/oauth2/token", data=data).json()
    assert client(own, token["access_token"]).get(url).status_code == 200
    own.set_faults([])  # the control outlives the sessions
