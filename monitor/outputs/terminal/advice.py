"""Whether to change, what the answer rests on, and the moves."""

from collections.abc import Sequence

from monitor.advice import AdviceForm, AnswerForm, QuestionForm
from monitor.outputs.terminal.printing import line, table

WAYS = {"leave": "stay if", "move": "move on if"}


def advice(form: AdviceForm) -> None:
    """The answer first."""
    line(form["sentence"])
    for used in form["used"]:
        line(used)
    if form["answers"]:
        line("")
        table(
            ("", "condition", "holds", "because", "to answer"),
            [_answer(one) for one in form["answers"]],
        )
    if not form["moves"]:
        return
    line("")
    stay = "If you want to move on all the same" if form["course"] == "stay" else "What would help"
    line(f"{stay}, towards {form['moves'][0]['reaches'].title()}:")
    for move in form["moves"]:
        line(f"- {move['title']}. {move['text']}")
        for call in move["calls"]:
            line(f"    {call['sentence']} `detente actions agree {call['id']} --owner …`")
        if move["unknown"]:
            line(f"    Not assessed: {', '.join(move['unknown'])}.")


def questions(found: Sequence[QuestionForm]) -> None:
    """The checklist."""
    rows = []
    for one in found:
        given = one["given"]
        said = f"{given['answer']}, {given['by']}, {given['on']}" if given else ""
        rows.append((one["id"], one["question"], said))
    table(("name", "question", "answer"), rows)


def _answer(one: AnswerForm) -> tuple[str, ...]:
    given = one["given"]
    said = [one["said"] or ""] if one["said"] else []
    if given is not None:
        said.append(f"{given['by']} said {given['answer']} on {given['on']}")
    if one["is_contested"]:
        said.append("the two disagree")
    todo = "" if one["answer"] else f"detente advice answer {one['id']} yes|no"
    return (WAYS[one["way"]], one["text"], one["answer"] or "not known", "; ".join(said), todo)
