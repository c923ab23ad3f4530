"""Texts that break careless readers: commas, quotes, newlines, other scripts, nothing at all."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from sandbox.company.ids import Ints
from sandbox.company.write import Own, Texts

ODD_COMPANIES = (
    'Müller, Söhne & "Co" KG',
    "株式会社サンプル",
    "Société Générale d'Électricité, S.A.",
    "Line one\nLine two, Ltd",
    "Śląsk\tTrading",
)
ODD_SUBJECTS = (
    'Call: "budget", next steps',
    "Rückruf wegen Angebot, dringend!",
    "お問い合わせありがとうございます",
    "Thanks 🙂",
)
ODD_NOTES = (
    'First line, with a comma\nsecond line "quoted"\r\nthird line',
    "naïve – coöperate … 🙂👍🏽",
    '"',
    ",",
    "",
)
_EVERY = 61


def odd_or_own(record: Ints, template: str, odd: Sequence[str]) -> Texts:
    """A text of its own for each record, an odd one for a few."""
    own = Own(record, template).render()
    place = record // _EVERY % len(odd)
    strange = pa.array(odd, pa.string()).take(pa.array(place))
    return Texts(pc.if_else(pa.array(record % _EVERY == 7), strange, own))
