"""E-mails: what completes a task, what is an activity of its own, and whose it is."""

from datetime import timedelta

import pytest

from tests.connectors.records import (
    ANNA,
    AT,
    BORIS,
    CONTACT,
    LEAD,
    Record,
    canonical,
    reduced,
    stream,
)

TASK_ID = "00T000000000001AAA"
DEAL, OTHER_DEAL = "006000000000001AAA", "006000000000002AAA"
SENT = AT - timedelta(hours=2)


def mail(number: int, **changed: object) -> Record:
    return {
        "Id": f"02s{number:012d}AAA",
        "IsDeleted": False,
        "CreatedDate": AT,
        "LastModifiedDate": AT,
        "SystemModstamp": AT,
        "ActivityId": None,
        "RelatedToId": DEAL,
        "Incoming": False,
        "MessageDate": SENT,
        "Status": "3",
        "CreatedById": ANNA,
        **changed,
    }


def mail_relation(number: int, of: str, kind: str = "ToAddress", **changed: object) -> Record:
    return {
        "Id": f"0QC{number:012d}AAA",
        "EmailMessageId": "02s000000000001AAA",
        "RelationId": of,
        "RelationType": kind,
        "IsDeleted": False,
        **changed,
    }


def task(**changed: object) -> Record:
    return {
        "Id": TASK_ID,
        "IsDeleted": False,
        "CreatedDate": AT,
        "LastModifiedDate": AT,
        "SystemModstamp": AT,
        "WhoId": LEAD,
        "TaskSubtype": "Email",
        "Type": None,
        "CallType": None,
        "IsClosed": True,
        "CompletedDateTime": AT,
        "CreatedById": ANNA,
        "LastModifiedById": ANNA,
        **changed,
    }


def test_an_email_completes_its_task() -> None:
    tasks = stream("Task")
    for came, direction in ((False, "outbound"), (True, "inbound")):
        mails = [mail(1, ActivityId=TASK_ID, Incoming=came), mail(2), mail(3, ActivityId=None)]
        (row,) = canonical(tasks, [task()], reduced(tasks.companion, mails))
        assert row["direction"] == direction
        assert row["occurred_at"] == SENT
        assert row["kind"] == "email"


def test_an_email_that_was_sent_has_occurred_though_its_task_is_open() -> None:
    tasks = stream("Task")
    mails = reduced(tasks.companion, [mail(1, ActivityId=TASK_ID)])
    (row,) = canonical(tasks, [task(IsClosed=False, TaskSubtype="Task")], mails)
    assert (row["is_completed"], row["occurred_at"], row["kind"]) == (True, SENT, "email")


@pytest.mark.parametrize(
    "other", [{"Status": "5"}, {"IsDeleted": True}, {"MessageDate": None}, {"ActivityId": None}]
)
def test_what_is_no_sent_email_completes_nothing(other: Record) -> None:
    tasks = stream("Task")
    mails = reduced(tasks.companion, [mail(1, **{"ActivityId": TASK_ID, **other})])
    (row,) = canonical(tasks, [task()], mails)
    assert (row["direction"], row["occurred_at"]) == (None, AT)


def test_the_first_of_several_emails_counts() -> None:
    tasks = stream("Task")
    later = mail(1, ActivityId=TASK_ID, MessageDate=AT, Incoming=True)
    mails = reduced(tasks.companion, [later, mail(2, ActivityId=TASK_ID)])
    assert mails.num_rows == 1
    (row,) = canonical(tasks, [task()], mails)
    assert (row["occurred_at"], row["direction"]) == (SENT, "outbound")


def test_without_the_object_a_task_is_what_it_was() -> None:
    (row,) = canonical(stream("Task"), [task()])
    assert (row["occurred_at"], row["direction"], row["is_completed"]) == (AT, None, True)


def test_an_email_with_a_task_does_not_count_twice() -> None:
    mails = stream("EmailMessage")
    people = reduced(mails.companion, [])
    both = [mail(1), mail(2, ActivityId=TASK_ID)]
    (alone,) = canonical(mails, both, people)
    assert alone["activity_id"] == both[0]["Id"]
    assert alone["deleted_at"] is None
    again = canonical(mails, both, people, since=AT)
    withdrawn = {row["activity_id"]: row["deleted_at"] for row in again}
    assert withdrawn == {both[0]["Id"]: None, both[1]["Id"]: AT}


def test_an_email_without_a_task_is_an_activity() -> None:
    mails = stream("EmailMessage")
    relations = [
        mail_relation(1, LEAD),
        mail_relation(2, CONTACT, "CcAddress"),
        mail_relation(3, BORIS, "FromAddress"),
        mail_relation(4, "00Q000000000000AAA", IsDeleted=True),
    ]
    (row,) = canonical(mails, [mail(1)], reduced(mails.companion, relations))
    assert (row["lead_id"], row["contact_id"], row["opportunity_id"]) == (LEAD, CONTACT, DEAL)
    assert (row["kind"], row["direction"], row["performed_by"]) == ("email", "outbound", BORIS)
    assert (row["occurred_at"], row["is_completed"]) == (SENT, True)


def test_who_wrote_to_us_is_not_one_of_ours_and_a_draft_has_not_occurred() -> None:
    mails = stream("EmailMessage")
    people = reduced(mails.companion, [mail_relation(1, LEAD, "FromAddress")])
    came, draft = canonical(mails, [mail(1, Incoming=True), mail(2, Status="5")], people)
    assert (came["direction"], came["performed_by"], came["lead_id"]) == ("inbound", None, LEAD)
    assert (draft["occurred_at"], draft["is_completed"]) == (None, False)
