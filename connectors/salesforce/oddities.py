"""What an organisation's set-up says that no row would: currencies without a rate, a model that
is not there.
"""

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from connectors.salesforce.pulling import Reader
from connectors.salesforce.queries import Query
from connectors.salesforce.shapes import Stream, Visible
from model.errors import DataError

ODD = ("CampaignInfluenceModel", "CurrencyType")
"""The small objects whose content tells."""


def oddities(
    reader: Reader,
    visible: Visible,
    streams: Sequence[Stream],
    others: Mapping[str, pa.Table],
    model: str | None,
) -> list[str]:
    """Sentences for the user. `others` are the small objects read whole, by name.

    Raises DataError where no campaign influence model is called `model`.
    """
    if model is not None and "CampaignInfluenceModel" in others:
        _check_model(model, others["CampaignInfluenceModel"])
    if "CurrencyType" not in others:
        return []
    return list(_without_rate(reader, visible, streams, others["CurrencyType"]))


def _check_model(model: str, models: pa.Table) -> None:
    names = models["DeveloperName"].to_pylist()
    if model not in {*names, *models["MasterLabel"].to_pylist(), *models["Id"].to_pylist()}:
        raise DataError(
            f"no campaign influence model {model!r}",
            "influence_model",
            f"There are {', '.join(str(name) for name in names) or 'none'}.",
        )


def _without_rate(
    reader: Reader, visible: Visible, streams: Sequence[Stream], rates: pa.Table
) -> Iterator[str]:
    known = [code for code in rates["IsoCode"].to_pylist() if code and code.isalnum()]
    listed = ", ".join(f"'{code}'" for code in known)
    for stream in streams:
        fields = visible.get(stream.object, frozenset())
        amounts = [
            made.needs[0] for made in stream.columns.values() if "CurrencyIsoCode" in made.besides
        ]
        for amount in amounts:
            if {"CurrencyIsoCode", amount} <= fields and known:
                foreign = f"CurrencyIsoCode NOT IN ({listed})"
                given = ("CurrencyIsoCode != null", f"{amount} != null", foreign)
                found = reader.count(Query(stream.object, ("Id",), given))
                if found:
                    yield (
                        f"{found} records of {stream.object} are in a currency without a rate: "
                        f"their {amount} is left empty"
                    )
