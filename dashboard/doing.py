"""The calls to `monitor` that ask people or change something: the survey, and agreed actions."""

from datetime import date
from typing import Literal

from dashboard.data import kept, where, workspace
from monitor import actions as acting
from monitor import advice as advising
from monitor import invitations, surveys
from monitor.agreed import ActionForm
from monitor.invitations import InvitationForm, LinkForm
from monitor.outputs import survey_table
from monitor.survey_forms import SurveyForm
from monitor.surveys import WaveForm

Level = Literal["head", "staff"]


def survey_csv(form: SurveyForm) -> str:
    """A wave's tables as CSV."""
    return survey_table.csv_of(form)


def survey_floor() -> int:
    """The fewest people that are shown as a group."""
    return workspace().settings.survey.floor


def survey_minimum() -> int:
    """The fewest answers that are scored."""
    return workspace().settings.survey.minimum_answers


def wave() -> WaveForm | None:
    """The wave that takes answers today."""
    return surveys.current(workspace())


def open_wave(name: str, closes_on: date) -> None:
    """Open a wave from today on."""
    surveys.open_wave(workspace(), name, None, closes_on)


def close_wave(name: str) -> None:
    """Close a wave for good."""
    surveys.close_wave(workspace(), name)


def segment_names() -> tuple[str, ...]:
    """The configured dimensions."""
    return workspace().settings.segments


def invite(people: str, address: str, wave: str | None) -> list[LinkForm]:
    """A personal link for each line of `people`."""
    return invitations.invite(workspace(), invitations.people_of(people), address, wave)


def links_csv(links: list[LinkForm]) -> str:
    """Links as CSV."""
    return invitations.csv_of(links)


def invitation(token: str) -> InvitationForm:
    """What a personal link says."""
    return invitations.invitation(workspace(), token)


def answer(token: str, answers: list[int | None], name: str | None) -> None:
    """Keep the answers of whoever holds the link."""
    invitations.answer(workspace(), token, answers, name)


def submit(
    person: str, function: str, level: Level, answers: list[int | None], name: str | None
) -> None:
    """Keep a person's answers in the open wave."""
    surveys.submit(workspace(), person, function, level, answers, name=name)


def answer_question(question: str, said: str, by: str) -> None:
    """Keep an answer to the checklist."""
    advising.answer(workspace(), question, said, by)


def actions() -> list[ActionForm]:
    """The agreed actions with their progress."""
    events = sum(len(one.history) for one in workspace().records.actions.list())
    return kept(
        "Following the agreed actions …",
        ("actions", events, surveys.today(workspace())),
        acting.listed,
        {},
    )


def next_meeting() -> date:
    """A quarter from today."""
    return surveys.today(workspace()) + acting.NEXT_MEETING


def agree(
    indicator: str, title: str | None, owner: str, target: float | None, due_on: date, by: str
) -> ActionForm:
    """Keep an agreed action, for the segment that the reader has chosen."""
    wanted = acting.Proposal(
        indicator=indicator,
        function=owner,
        by=by,
        target=target,
        due_on=due_on,
        title=title,
        segment=where(),
    )
    return acting.agree(workspace(), wanted)


def close_action(action: int, state: acting.Ended, by: str, note: str) -> ActionForm:
    """End an action with a note."""
    return acting.close(workspace(), action, state, by, note)
