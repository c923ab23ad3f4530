"""The rows that the service's history tracking holds."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from sandbox.company import ids
from sandbox.company.ids import Ints
from sandbox.company.ledger import Versions
from sandbox.company.write import Coded, Out, Texts, Values
from sandbox.schema import VISIBLE_FROM, VISIBLE_TO

Change = tuple[Ints, str, str, pa.Array, pa.Array]
"""The versions that a change began, its field, its type, and the texts before and after."""


def write_changes(
    out: Out, parent: str, name: str, versions: Versions, changes: Sequence[Change]
) -> None:
    """Write the history object `name` of the object `parent`: visible from its version on, and
    purged with the record. Rows of one second have no order that means anything.
    """
    place = np.concatenate([change[0] for change in changes])
    kind = np.concatenate([np.full(len(c[0]), n) for n, c in enumerate(changes)])
    mixed = np.where(place % 2 == 0, kind, -kind)
    order = np.lexsort((mixed, place, versions.at[place]))
    place, kind = place[order], kind[order]
    record = versions.record[place]
    purged = versions.purged(int(versions.record.max(initial=-1)) + 1)
    columns: dict[str, Values] = {
        "Id": ids.keys(name, len(place)),
        f"{parent}Id": ids.key(parent, record),
        "CreatedById": versions.modified_by[place],
        "CreatedDate": versions.at[place],
        "Field": Coded(kind, [change[1] for change in changes]),
        "DataType": Coded(kind, [change[2] for change in changes]),
        "OldValue": Texts(pa.concat_arrays([change[3] for change in changes]).take(order)),
        "NewValue": Texts(pa.concat_arrays([change[4] for change in changes]).take(order)),
        VISIBLE_FROM: versions.visible_from[place],
        VISIBLE_TO: purged[record],
    }
    out.write(name, len(place), columns)
