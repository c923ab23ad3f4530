"""Agreed actions: what was agreed stands; what becomes of it is added as events, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from model.errors import RecordsError
from store.records.schema import ActionEventRow, ActionRow
from store.records.transactions import reading, writing

ActionState = Literal["open", "done", "dropped"]
Owner = Literal["sales", "marketing"]


@dataclass(frozen=True, kw_only=True)
class ActionDraft:
    """What two functions agree on. `target` is in the indicator's unit; `baseline` is JSON: the
    figure at the agreement, as of when and under which definitions.
    """

    title: str
    indicator: str
    segment: Mapping[str, str]
    function: Owner
    due_on: date
    target: float
    baseline: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Event:
    """A state that an action took on; `at` is a naive UTC instant, `figure` JSON as `baseline`."""

    state: ActionState
    at: datetime
    by: str
    note: str = ""
    figure: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Action(ActionDraft):
    """A kept action with its history, the agreement first."""

    id: int
    history: tuple[Event, ...]

    @property
    def state(self) -> ActionState:
        """The state it has now."""
        return self.history[-1].state


class Actions:
    """The actions of one database. There is no way to change or delete one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def agree(self, draft: ActionDraft, at: datetime, by: str) -> Action:
        """Keep an action, open from now on."""
        with writing(self._engine) as session:
            row = ActionRow(
                title=draft.title,
                indicator=draft.indicator,
                segment=dict(draft.segment),
                function=draft.function,
                due_on=draft.due_on,
                target=draft.target,
                baseline=dict(draft.baseline),
            )
            session.add(row)
            session.flush()
            _add(session, row.id, Event(state="open", at=at, by=by, figure=draft.baseline))
            return _action(session, row)

    def end(self, action_id: int, event: Event) -> Action:
        """Close an open action as done or dropped; RecordsError where there is none of that id, or
        it is closed already. Of two who close it at once one succeeds.
        """
        with writing(self._engine) as session:
            query = select(ActionRow).where(ActionRow.id == action_id)
            row = session.scalar(query.with_for_update())
            if row is None:
                raise _unknown(action_id)
            kept = _action(session, row)
            if kept.state != "open":
                ended = kept.history[-1]
                raise RecordsError(
                    f"it is {ended.state} since {ended.at:%Y-%m-%d}",
                    f"action {action_id}",
                    "Agree a new one if there is more to do.",
                )
            _add(session, action_id, event)
            return _action(session, row)

    def get(self, action_id: int) -> Action:
        """One action; RecordsError where there is none."""
        with reading(self._engine) as session:
            row = session.get(ActionRow, action_id)
            if row is None:
                raise _unknown(action_id)
            return _action(session, row)

    def list(self) -> list[Action]:
        """All actions in the order in which they were agreed."""
        with reading(self._engine) as session:
            rows = session.scalars(select(ActionRow).order_by(ActionRow.id)).all()
            return [_action(session, row) for row in rows]


def _unknown(action_id: int) -> RecordsError:
    return RecordsError(f"there is no action {action_id}", "actions", "See `detente actions list`.")


def _add(session: Session, action_id: int, event: Event) -> None:
    session.add(
        ActionEventRow(
            action_id=action_id,
            state=event.state,
            at=event.at,
            by=event.by,
            note=event.note,
            figure=dict(event.figure),
        )
    )
    session.flush()


def _action(session: Session, row: ActionRow) -> Action:
    query = select(ActionEventRow).where(ActionEventRow.action_id == row.id)
    events = session.scalars(query.order_by(ActionEventRow.id))
    return Action(
        id=row.id,
        title=row.title,
        indicator=row.indicator,
        segment=row.segment,
        function=row.function,  # type: ignore[arg-type]
        due_on=row.due_on,
        target=row.target,
        baseline=row.baseline,
        history=tuple(_event(one) for one in events),
    )


def _event(row: ActionEventRow) -> Event:
    state: ActionState = row.state  # type: ignore[assignment]
    return Event(state=state, at=row.at, by=row.by, note=row.note, figure=row.figure)
