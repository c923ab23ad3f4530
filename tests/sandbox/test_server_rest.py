"""The REST API as simple-salesforce and plain HTTP see it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from simple_salesforce.exceptions import SalesforceExpiredSession, SalesforceMalformedRequest

from sandbox.process import Running
from tests.sandbox.tiny import ANNA, LATE, LEADS, NOW, QUEUE, lead_id

Connect = Callable[..., Any]
ROOT = "/services/data/v64.0"
THERE = LEADS - LATE  # the late ones include the deleted one


def test_pages_hold_every_record_once_and_in_order(salesforce: Connect) -> None:
    answer = salesforce().query_all("SELECT Id FROM Lead")
    assert answer["totalSize"] == THERE
    assert [record["Id"] for record in answer["records"]] == [lead_id(n) for n in range(THERE)]


def test_pages_follow_equal_keys_without_loss(salesforce: Connect) -> None:
    soql = "SELECT Id, SystemModstamp FROM Lead ORDER BY SystemModstamp"
    found = salesforce().query_all(soql)["records"]
    assert [record["Id"] for record in found] == [lead_id(n) for n in range(THERE)]


def test_the_next_page_has_an_address_and_a_total(http: requests.Session, running: Running) -> None:
    first = http.get(f"{running.url}{ROOT}/query", params={"q": "SELECT Id FROM Lead"}).json()
    assert (first["totalSize"], first["done"], len(first["records"])) == (THERE, False, 100)
    assert first["nextRecordsUrl"].startswith(f"{ROOT}/query/01g")
    assert first["nextRecordsUrl"].endswith("-100")
    last = f"{running.url}{first['nextRecordsUrl'][:-3]}400"
    page = http.get(last).json()
    assert (page["done"], len(page["records"])) == (True, THERE - 400)
    assert "nextRecordsUrl" not in page
    for wrong in (last[:-3] + "450", last[:-4], f"{running.url}{ROOT}/query/01gxx-100"):
        refused = http.get(wrong)
        assert refused.status_code in (400,)
        assert refused.json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_later_pages_are_of_the_moment_of_the_first(
    http: requests.Session, running: Running
) -> None:
    first = http.get(f"{running.url}{ROOT}/query", params={"q": "SELECT Id FROM Lead"}).json()
    try:
        running.set_clock(NOW + timedelta(hours=2))
        late = http.get(f"{running.url}{ROOT}/query", params={"q": "SELECT Id FROM Lead"}).json()
        rest = http.get(f"{running.url}{first['nextRecordsUrl']}").json()
    finally:
        running.set_clock(NOW)
    assert late["totalSize"] == LEADS - 1
    assert rest["totalSize"] == THERE


def test_deleted_and_archived_records_show_in_query_all_alone(
    salesforce: Connect, running: Running
) -> None:
    client = salesforce()
    tasks = "SELECT Id FROM Task"
    assert client.query(tasks)["totalSize"] == 1
    assert client.query(tasks, include_deleted=True)["totalSize"] == 2
    running.set_clock(NOW + timedelta(hours=1))
    try:
        leads = "SELECT COUNT() FROM Lead"
        assert client.query(leads)["totalSize"] == LEADS - 1
        assert client.query(leads, include_deleted=True)["totalSize"] == LEADS
        gone = client.query_all("SELECT Id FROM Lead WHERE IsDeleted = true", include_deleted=True)
        assert [record["Id"] for record in gone["records"]] == [lead_id(LEADS - 1)]
    finally:
        running.set_clock(NOW)


def test_a_record_is_what_it_was_at_the_moment(salesforce: Connect, running: Running) -> None:
    soql = "SELECT StageName, Amount FROM Opportunity"
    seen = []
    try:
        for at in (datetime(2026, 2, 1, 11, 59, 59), datetime(2026, 2, 1, 12), NOW):
            running.set_clock(at)
            (record,) = salesforce().query(soql)["records"]
            seen.append((record["StageName"], record["Amount"]))
    finally:
        running.set_clock(NOW)
    assert seen == [("Proposal", 10.0), ("Negotiation", 12.5), ("Negotiation", 12.5)]


def test_records_carry_their_parents_and_types(http: requests.Session, running: Running) -> None:
    soql = (
        "SELECT Name, Industry, IsConverted, Score__c, ConvertedDate, CreatedDate, Owner.Name, "
        "ConvertedAccount.Name, Owner.Type FROM Lead WHERE Id IN "
        f"('{lead_id(5)}', '{lead_id(6)}')"
    )
    body = http.get(f"{running.url}{ROOT}/query", params={"q": soql})
    assert body.status_code == 400  # the organisation has no accounts
    assert body.json()[0]["errorCode"] == "INVALID_FIELD"
    body = http.get(
        f"{running.url}{ROOT}/query", params={"q": soql.replace("ConvertedAccount.Name, ", "")}
    )
    queue, anna = body.json()["records"]
    assert queue == {
        "attributes": {"type": "Lead", "url": f"{ROOT}/sobjects/Lead/{lead_id(5)}"},
        "Name": "Name 5",
        "Industry": "BANKING",
        "IsConverted": False,
        "Score__c": 2.5,
        "ConvertedDate": "2026-02-01",
        "CreatedDate": "2026-01-01T00:01:00.000+0000",
        "Owner": {
            "attributes": {"type": "Group", "url": f"{ROOT}/sobjects/Group/{QUEUE}"},
            "Name": "Sales Queue EMEA",
            "Type": "Group",
        },
    }
    assert anna["Owner"]["attributes"]["url"] == f"{ROOT}/sobjects/User/{ANNA}"
    people = "SELECT Name, Manager.Name, Manager.Manager.Name FROM User ORDER BY Name LIMIT 2"
    anna, boris = http.get(f"{running.url}{ROOT}/query", params={"q": people}).json()["records"]
    assert anna["Manager"]["Name"] == "Boris"
    assert anna["Manager"]["Manager"] is None
    assert boris["Manager"] is None


def test_groups_are_aggregate_results(salesforce: Connect) -> None:
    soql = "SELECT Owner.Name, COUNT(Id) leads, MIN(CreatedDate) FROM Lead GROUP BY Owner.Name"
    anna, queue = salesforce().query(soql)["records"]
    assert dict(anna) == {
        "attributes": {"type": "AggregateResult"},
        "Name": "Anna",
        "leads": 224,
        "expr0": "2026-01-01T00:00:00.000+0000",
    }
    assert queue["leads"] == THERE - 224


def test_groups_beyond_one_page_are_refused(http: requests.Session, running: Running) -> None:
    soql = "SELECT Name, COUNT(Id) FROM Lead GROUP BY Name"
    refused = http.get(f"{running.url}{ROOT}/query", params={"q": soql})
    assert refused.json()[0]["errorCode"] == "EXCEEDED_ID_LIMIT"
    allowed = http.get(f"{running.url}{ROOT}/query", params={"q": f"{soql} LIMIT 100"})
    assert allowed.json()["totalSize"] == 100


def test_a_refused_query_is_a_list_with_one_error(salesforce: Connect) -> None:
    with pytest.raises(SalesforceMalformedRequest) as refused:
        salesforce().query("SELECT Nothing FROM Lead")
    content: Any = refused.value.content
    (error,) = content
    assert error["errorCode"] == "INVALID_FIELD"
    assert "No such column 'Nothing' on entity 'Lead'" in error["message"]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer 00D!wrong"}])
def test_without_a_session_every_address_is_closed(
    running: Running, headers: dict[str, str]
) -> None:
    for path in ("", "/query?q=SELECT+Id+FROM+Lead", "/limits", "/nothing", "/jobs/query/750"):
        refused = requests.get(
            f"{running.url}{ROOT}{path}", headers=headers, verify=str(running.ca_file)
        )
        assert refused.status_code == 401
        assert refused.json() == [
            {"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}
        ]


def test_a_wrong_token_is_an_expired_session(salesforce: Connect) -> None:
    with pytest.raises(SalesforceExpiredSession):
        salesforce("00D!wrong").query("SELECT Id FROM Lead")


def test_describe(salesforce: Connect) -> None:
    client = salesforce()
    listed = {item["name"]: item for item in client.describe()["sobjects"]}
    assert set(listed) == {
        "Group", "Lead", "LeadHistory", "Opportunity", "Organization", "Profile", "Report", "Task",
        "User",
    }  # fmt: skip
    assert listed["Lead"]["keyPrefix"] == "00Q"
    described = client.Lead.describe()
    fields = {field["name"]: field for field in described["fields"]}
    assert fields["CreatedDate"]["type"] == "datetime"
    assert fields["OwnerId"]["referenceTo"] == ["Group", "User"]
    assert fields["OwnerId"]["relationshipName"] == "Owner"
    assert fields["Score__c"]["custom"]
    values = [choice["value"] for choice in fields["Status"]["picklistValues"]]
    assert values == ["Accepted", "New", "working"]
    history = {f["name"]: f for f in client.LeadHistory.describe()["fields"]}
    assert not history["OldValue"]["filterable"]
    assert client.query("SELECT OldValue FROM LeadHistory")["records"][0]["OldValue"] == "New"


def test_one_record_by_its_id(
    http: requests.Session, running: Running, salesforce: Connect
) -> None:
    client = salesforce()
    assert client.Lead.get(lead_id(3))["Name"] == "Name 3"
    assert client.lead.get(lead_id(3)[:15])["Id"] == lead_id(3)
    part = http.get(f"{running.url}{ROOT}/sobjects/Lead/{lead_id(3)}?fields=Name").json()
    assert set(part) == {"attributes", "Name"}
    running.set_clock(NOW + timedelta(hours=1))
    gone = http.get(f"{running.url}{ROOT}/sobjects/Lead/{lead_id(LEADS - 1)}")
    running.set_clock(NOW)
    assert (gone.status_code, gone.json()[0]["errorCode"]) == (404, "ENTITY_IS_DELETED")
    for path in ("Lead/00Q999999999999EAA", "Lead/x", "Nothing/00Q000000000001EAA", "Nothing"):
        missing = http.get(f"{running.url}{ROOT}/sobjects/{path}")
        assert (missing.status_code, missing.json()[0]["errorCode"]) == (404, "NOT_FOUND")


def test_the_budget_is_counted(http: requests.Session, running: Running) -> None:
    before = http.get(f"{running.url}{ROOT}/limits")
    left = before.json()["DailyApiRequests"]
    assert (
        before.headers["Sforce-Limit-Info"] == f"api-usage={left['Max'] - left['Remaining']}/100000"
    )
    http.get(f"{running.url}{ROOT}/query?q=nonsense")
    http.get(f"{running.url}/services/data")  # needs no session and costs nothing
    after = http.get(f"{running.url}{ROOT}/limits").json()["DailyApiRequests"]
    assert left["Remaining"] - after["Remaining"] == 2


def test_record_counts_leave_archived_records_out(http: requests.Session, running: Running) -> None:
    counted = http.get(f"{running.url}{ROOT}/limits/recordCount?sObjects=Task,Lead,Nothing").json()
    assert counted == {"sObjects": [{"count": 1, "name": "Task"}, {"count": THERE, "name": "Lead"}]}


def test_addresses_methods_and_versions(http: requests.Session, running: Running) -> None:
    versions = [item["version"] for item in http.get(f"{running.url}/services/data/").json()]
    assert "64.0" in versions
    assert http.get(f"{running.url}/services/data/v20.0/limits").status_code == 404
    assert http.get(f"{running.url}{ROOT}/nothing").json()[0]["errorCode"] == "NOT_FOUND"
    refused = http.post(f"{running.url}{ROOT}/query", json={})
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (405, "METHOD_NOT_ALLOWED")
    assert http.get(f"{running.url}{ROOT}/limits/").status_code == 200
    assert http.get(f"{running.url}/{ROOT}/limits").status_code == 200


def test_a_smaller_page_may_be_asked_for(http: requests.Session, running: Running) -> None:
    headers = {"Sforce-Query-Options": "batchSize=200"}
    query = {"q": "SELECT Id FROM Lead"}
    page = http.get(f"{running.url}{ROOT}/query", params=query, headers=headers).json()
    assert len(page["records"]) == 100  # the organisation's own page is smaller still


def test_children_come_within_their_parent(http: requests.Session, running: Running) -> None:
    soql = (
        "SELECT Name, (SELECT Subject, ActivityDate, Owner.Name FROM Tasks ORDER BY ActivityDate "
        "DESC LIMIT 1), (SELECT NewValue FROM Histories) FROM Lead WHERE Id IN "
        f"('{lead_id(1)}', '{lead_id(2)}')"
    )
    everything = http.get(f"{running.url}{ROOT}/queryAll", params={"q": soql}).json()["records"]
    one, two = everything
    assert one["Tasks"] == {
        "totalSize": 1,
        "done": True,
        "records": [
            {
                "attributes": {
                    "type": "Task",
                    "url": f"{ROOT}/sobjects/Task/00T000000000002EAA",
                },
                "Subject": "Call",
                "ActivityDate": "2026-02-06",
                "Owner": None,
            }
        ],
    }
    assert one["Histories"]["records"][0]["NewValue"] == "Accepted"
    assert (two["Tasks"], two["Histories"]) == (None, None)
    every = soql.replace(" LIMIT 1", "")
    for path, tasks in (("queryAll", 2), ("query", 1)):
        found = http.get(f"{running.url}{ROOT}/{path}", params={"q": every}).json()["records"]
        assert found[0]["Tasks"]["totalSize"] == tasks


def test_every_kind_of_value_survives_json(salesforce: Connect) -> None:
    (lead,) = salesforce().query(f"SELECT LastName FROM Lead WHERE Id = '{lead_id(7)}'")["records"]
    assert lead["LastName"] == 'Ünal, "7"\nJr'


def test_field_sets(salesforce: Connect) -> None:
    names = {f["name"]: f["custom"] for f in salesforce().Lead.describe()["fields"]}
    for which, custom in (("ALL", {True, False}), ("STANDARD", {False}), ("CUSTOM", {True})):
        (lead,) = salesforce().query(f"SELECT FIELDS({which}) FROM Lead LIMIT 1")["records"]
        assert set(lead) - {"attributes"} == {n for n, own in names.items() if own in custom}


def test_columns_are_told_without_an_answer(http: requests.Session, running: Running) -> None:
    soql = "SELECT Id, Owner.Name, Score__c FROM Lead"
    params = {"q": soql, "columns": "true"}
    said = http.get(f"{running.url}{ROOT}/query", params=params).json()
    assert (said["entityName"], said["idSelected"], said["keyPrefix"]) == ("Lead", True, "00Q")
    by_name = {column["columnName"]: column for column in said["columnMetadata"]}
    assert list(by_name) == ["Id", "Owner", "Score__c"]
    assert by_name["Owner"]["joinColumns"][0]["columnName"] == "Name"
    assert by_name["Score__c"]["numberType"]
    params["q"] = "SELECT Status, COUNT(Id) FROM Lead GROUP BY Status"
    said = http.get(f"{running.url}{ROOT}/query", params=params).json()
    assert [column["aggregate"] for column in said["columnMetadata"]] == [False, True]
    assert [column["columnName"] for column in said["columnMetadata"]] == ["Status", "expr0"]


def test_several_calls_in_one(http: requests.Session, running: Running) -> None:
    running.clear_requests()
    calls = [
        {"method": "GET", "url": f"v64.0/sobjects/Lead/{lead_id(3)}?fields=Name"},
        {"method": "GET", "url": "v64.0/query?q=SELECT+Nothing+FROM+Lead"},
        {"method": "GET", "url": f"{ROOT}/limits"},
    ]
    url = f"{running.url}{ROOT}/composite/batch"
    said = http.post(url, json={"batchRequests": calls}).json()
    assert [result["statusCode"] for result in said["results"]] == [200, 400, 200]
    assert said["hasErrors"]
    assert said["results"][0]["result"]["Name"] == "Name 3"
    assert said["results"][1]["result"][0]["errorCode"] == "INVALID_FIELD"
    assert len(running.requests()) == 4
    halted = http.post(url, json={"batchRequests": calls, "haltOnError": True}).json()
    assert [result["statusCode"] for result in halted["results"]] == [200, 400, 412]
    assert http.post(url, json={"batchRequests": calls * 9}).status_code == 400
    assert http.post(url, json={}).status_code == 400


def test_the_oldest_of_too_many_open_answers_is_closed(
    http: requests.Session, running: Running
) -> None:
    query = {"q": "SELECT Id FROM Lead"}
    more = [
        http.get(f"{running.url}{ROOT}/query", params=query).json()["nextRecordsUrl"]
        for _ in range(11)
    ]
    assert http.get(running.url + more[0]).json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"
    assert http.get(running.url + more[1]).status_code == 200


def test_pages_are_sometimes_smaller(http: requests.Session, running: Running) -> None:
    page = http.get(f"{running.url}{ROOT}/query", params={"q": "SELECT Id FROM Lead"}).json()
    sizes = [len(page["records"])]
    while not page["done"]:
        page = http.get(running.url + page["nextRecordsUrl"]).json()
        sizes.append(len(page["records"]))
    assert sum(sizes) == THERE
    assert {100, 90} <= set(sizes)
