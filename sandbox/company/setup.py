"""Record types of leads and opportunities."""

import numpy as np

from sandbox.company import world as w
from sandbox.company.clock import DAY
from sandbox.company.ids import Ints
from sandbox.company.people import user_key
from sandbox.company.world import World
from sandbox.company.write import Coded, Out, system

DEAL_TYPES = ("New", "Existing")
_TYPES = (
    ("Lead", "Inbound"),
    ("Lead", "Partner"),
    ("Opportunity", "New Business"),
    ("Opportunity", "Existing Business"),
)


def lead_type(source: Ints) -> Ints:
    """The number of a lead's record type."""
    return np.where(source == w.ALL_SOURCES.index("Partner"), 1, 0)


def deal_type(account: Ints) -> Ints:
    """Whether an opportunity is new business or with an existing customer, by its account."""
    return np.where(account % 3 == 0, 1, 0)


def write_record_types(out: Out, world: World) -> None:
    """RecordType."""
    at = np.full(len(_TYPES), world.start - 1500 * DAY)
    top = int(user_key(np.array([world.people.top]))[0])
    number = np.arange(len(_TYPES))
    out.write(
        "RecordType",
        len(_TYPES),
        {
            **system("RecordType", at, top),
            "Name": Coded(number, [name for _, name in _TYPES]),
            "DeveloperName": Coded(number, [name.replace(" ", "_") for _, name in _TYPES]),
            "SobjectType": Coded(number, [sobject for sobject, _ in _TYPES]),
            "IsActive": np.ones(len(_TYPES), bool),
        },
    )
