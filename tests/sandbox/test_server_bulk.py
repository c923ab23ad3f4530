"""Bulk 2 query jobs."""

import csv
import io
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests

from sandbox.process import Running
from tests.sandbox.tiny import LATE, LEADS, NOW, lead_id

ROOT = "/services/data/v64.0/jobs/query"
THERE = LEADS - LATE


def create(http: requests.Session, running: Running, soql: str, **more: str) -> requests.Response:
    return http.post(f"{running.url}{ROOT}", json={"operation": "query", "query": soql, **more})


def finished(http: requests.Session, running: Running, soql: str, **more: str) -> str:
    job = create(http, running, soql, **more).json()["id"]
    for _ in range(200):
        status = http.get(f"{running.url}{ROOT}/{job}").json()
        if status["state"] == "JobComplete":
            return f"{running.url}{ROOT}/{job}"
        time.sleep(0.02)
    raise AssertionError(status)


def rows_of(page: requests.Response, delimiter: str = ",") -> list[dict[str, str]]:
    text = page.content.decode()
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def test_pages_with_locators_hold_every_record_once(
    http: requests.Session, running: Running
) -> None:
    url = finished(http, running, "SELECT Id FROM Lead")
    assert http.get(url).json()["numberRecordsProcessed"] == THERE
    found, locator = [], ""
    while locator != "null":
        page = http.get(f"{url}/results", params={"maxRecords": "200", "locator": locator})
        rows = rows_of(page)
        assert int(page.headers["Sforce-NumberOfRecords"]) == len(rows)
        found += [row["Id"] for row in rows]
        locator = page.headers["Sforce-Locator"]
    assert found == [lead_id(n) for n in range(THERE)]


def test_values_as_text(http: requests.Session, running: Running) -> None:
    soql = (
        "SELECT LastName, Industry, IsConverted, Score__c, ConvertedDate, CreatedDate, Owner.Name "
        f"FROM Lead WHERE Id IN ('{lead_id(5)}', '{lead_id(7)}')"
    )
    five, seven = rows_of(http.get(f"{finished(http, running, soql)}/results"))
    assert five == {
        "LastName": "Name 5",
        "Industry": "BANKING",
        "IsConverted": "false",
        "Score__c": "2.5",
        "ConvertedDate": "2026-02-01",
        "CreatedDate": "2026-01-01T00:01:00.000Z",
        "Owner.Name": "Sales Queue EMEA",
    }
    assert seven["LastName"] == 'Ünal, "7"\nJr'
    assert seven["ConvertedDate"] == ""


def test_no_rows_is_a_header_alone(http: requests.Session, running: Running) -> None:
    url = finished(http, running, "SELECT Id, Name FROM Lead WHERE Name = 'nobody'")
    page = http.get(f"{url}/results")
    assert page.text == '"Id","Name"\n'
    assert page.headers["Sforce-NumberOfRecords"] == "0"
    assert page.headers["Sforce-Locator"] == "null"


def test_delimiter_and_line_ending(http: requests.Session, running: Running) -> None:
    soql = f"SELECT Id, Name FROM Lead WHERE Id = '{lead_id(1)}'"
    url = finished(http, running, soql, columnDelimiter="PIPE", lineEnding="CRLF")
    assert http.get(f"{url}/results").text == f'"Id"|"Name"\r\n"{lead_id(1)}"|"Name 1"\r\n'


def test_query_all_shows_what_query_hides(http: requests.Session, running: Running) -> None:
    soql = "SELECT Id, IsArchived FROM Task"
    assert len(rows_of(http.get(f"{finished(http, running, soql)}/results"))) == 1
    shown = finished(http, running, soql, operation="queryAll")
    assert [r["IsArchived"] for r in rows_of(http.get(f"{shown}/results"))] == ["true", "false"]


def test_results_are_of_the_moment_of_creation(http: requests.Session, running: Running) -> None:
    url = finished(http, running, "SELECT Id FROM Lead")
    running.set_clock(NOW + timedelta(hours=2))
    page = http.get(f"{url}/results")
    running.set_clock(NOW)
    assert page.headers["Sforce-NumberOfRecords"] == str(THERE)


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT COUNT() FROM Lead",
        "SELECT COUNT(Id) FROM Lead",
        "SELECT Status FROM Lead GROUP BY Status",
        "SELECT Id FROM Lead OFFSET 1",
        "SELECT Id, (SELECT Id FROM Tasks) FROM Lead",
        "SELECT Id, (SELECT Subject FROM Tasks) FROM Lead",
        "SELECT FIELDS(ALL) FROM Lead LIMIT 10",
        "SELECT TYPEOF Owner WHEN User THEN Name END FROM Lead",
        "SELECT Nothing FROM Lead",
        "nonsense",
    ],
)
def test_queries_that_bulk_refuses(http: requests.Session, running: Running, soql: str) -> None:
    refused = create(http, running, soql)
    assert refused.status_code == 400
    assert refused.json()[0]["errorCode"] == "API_ERROR"


def test_wrong_requests(http: requests.Session, running: Running) -> None:
    soql = "SELECT Id FROM Lead"
    assert create(http, running, soql, operation="insert").status_code == 400
    assert create(http, running, soql, contentType="JSON").status_code == 400
    assert create(http, running, soql, columnDelimiter="SPACE").status_code == 400
    broken = http.post(f"{running.url}{ROOT}", data="{")
    assert broken.json()[0]["errorCode"] == "JSON_PARSER_ERROR"
    url = finished(http, running, soql)
    assert http.get(f"{url}/results?locator=rubbish").status_code == 400
    assert http.get(f"{url}/results?maxRecords=0").status_code == 400
    assert http.patch(url, json={"state": "Aborted"}).status_code == 400
    assert http.get(f"{running.url}{ROOT}/750000000000000").status_code == 404


def test_a_deleted_job_is_gone(http: requests.Session, running: Running) -> None:
    url = finished(http, running, "SELECT Id FROM Lead")
    assert http.delete(url).status_code == 204
    assert http.get(url).status_code == 404
    assert http.get(f"{url}/results").status_code == 404


def test_a_chunked_body_is_read(http: requests.Session, running: Running) -> None:
    body = iter([b'{"operation": "query", ', b'"query": "SELECT Id FROM Lead"}'])
    assert http.post(f"{running.url}{ROOT}", data=body).status_code == 200


def test_simple_salesforce_reads_the_same(salesforce: Callable[..., Any]) -> None:
    pages = list(salesforce().bulk2.Lead.query("SELECT Id, Name FROM Lead", max_records=300))
    rows = [row for page in pages for row in csv.DictReader(io.StringIO(page))]
    assert len(pages) == 2
    assert [row["Id"] for row in rows] == [lead_id(n) for n in range(THERE)]
