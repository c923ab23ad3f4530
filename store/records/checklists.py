"""The checklist that the heads fill in: every answer is kept, the last one of a question counts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Engine, select

from store.records.schema import ChecklistRow
from store.records.transactions import reading, writing

YesNoUnknown = Literal["yes", "no", "unknown"]


@dataclass(frozen=True)
class Answered:
    """An answer; `at` is a naive UTC instant."""

    question: str
    answer: YesNoUnknown
    by: str
    at: datetime


class Checklists:
    """The checklist of one database. Answers are added, never changed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def answer(self, given: Answered) -> None:
        """Keep an answer; it stands in the place of earlier ones."""
        with writing(self._engine) as session:
            session.add(
                ChecklistRow(question=given.question, answer=given.answer, by=given.by, at=given.at)
            )

    def history(self) -> list[Answered]:
        """All answers, oldest first."""
        with reading(self._engine) as session:
            rows = session.scalars(select(ChecklistRow).order_by(ChecklistRow.id))
            return [
                Answered(row.question, row.answer, row.by, row.at)  # type: ignore[arg-type]
                for row in rows
            ]

    def latest(self) -> dict[str, Answered]:
        """The answer that counts, by question."""
        return {one.question: one for one in self.history()}
