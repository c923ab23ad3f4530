"""Documents: Marketing's library, the proposals that Sales writes, and where they are used."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sandbox.company import ids
from sandbox.company.clock import DAY, HOUR
from sandbox.company.ids import Ints
from sandbox.company.ledger import MISSING, Column, Ledger
from sandbox.company.opportunities import Opportunities
from sandbox.company.people import user_key
from sandbox.company.world import World
from sandbox.company.write import Coded, Out, Own, Texts, Values
from sandbox.schema import VISIBLE_FROM, VISIBLE_TO

LIBRARY = (
    "Product overview",
    "Customer story: Müller & Söhne",
    'Buyer\'s guide, "short" edition',
    "Return on investment calculator",
    "Security white paper",
    "Comparison with alternatives",
    "Implementation guide",
    "Price list",
)
LIBRARY_VERSIONS = 3 * len(LIBRARY)
_PROPOSED = 0.5  # of the opportunities past qualification
_TOO_EARLY = 0.2  # as often before qualification
_TYPES = ("PDF", "POWER_POINT_X", "EXCEL_X")


@dataclass(frozen=True)
class _Files:
    """Versions of documents, those of a document one after the other; parallel arrays. `document`
    counts from `first_document` and versions from `first_version`; `titles` are the documents'.
    """

    document: Ints
    number: Ints
    at: Ints
    owner: Ints
    place: Ints  # the key of where it was first published
    titles: pa.Array
    first_document: int
    first_version: int


def write_library(out: Out, world: World) -> None:
    """Marketing's documents, each in three versions, before the first lead and since."""
    chance = world.common_chance("library")
    count = len(LIBRARY)
    owner = chance.choice(world.people.marketing_staff, count)
    first = world.start - chance.integers(100 * DAY, 300 * DAY, count)
    later = np.sort(chance.integers(world.start, world.horizon, (count, 2)), axis=1)
    files = _Files(
        document=np.repeat(np.arange(count), 3),
        number=np.tile(np.arange(3), count),
        at=np.column_stack([first, later[:, 0], later[:, 1] + HOUR]).ravel(),
        owner=np.repeat(owner, 3),
        place=user_key(np.repeat(owner, 3)),
        titles=pa.array(LIBRARY),
        first_document=0,
        first_version=0,
    )
    _write_files(out, world, files)
    _write_links(out, 0, np.arange(count), user_key(owner), first)


def write_content(out: Out, world: World, deals: Opportunities) -> None:
    """Proposals, and links of opportunities to them and to the library."""
    chance = world.chance("content")
    count = deals.count
    qualified_at = deals.stage_at[:, 1]
    is_qualified = qualified_at <= world.horizon
    rate = world.rates(deals.region, lambda s: s.joint_work.content_used)
    used = chance.random(count) < np.where(is_qualified, rate, _TOO_EARLY * rate)
    document = chance.integers(len(LIBRARY), size=count)
    begun = np.where(is_qualified, qualified_at, deals.created_at)
    at = world.clock.after(begun, chance.uniform(0.1, 12, count), deals.region)
    proposes = is_qualified & (chance.random(count) < _PROPOSED)
    written_at = world.clock.after(at, chance.uniform(1, 30, count), deals.region)
    deal = np.flatnonzero(proposes & (written_at <= world.horizon))
    number = np.arange(len(deal))
    names = [f'Proposal {place}, "draft"' for place in deal.tolist()]
    files = _Files(
        document=number,
        number=np.zeros(len(deal), np.int64),
        at=written_at[deal],
        owner=deals.owner[deal],
        place=ids.key("Opportunity", deal),
        titles=pa.array(names, pa.string()),
        first_document=len(LIBRARY),
        first_version=LIBRARY_VERSIONS,
    )
    _write_files(out, world, files)
    linked = np.flatnonzero(used & (at <= world.horizon))
    own = len(LIBRARY) + number
    _write_links(
        out,
        len(LIBRARY),
        np.concatenate([own, own, document[linked]]),
        np.concatenate([files.place, user_key(files.owner), ids.key("Opportunity", linked)]),
        np.concatenate([files.at, files.at, at[linked]]),
    )


def _write_files(out: Out, world: World, files: _Files) -> None:
    """ContentDocument and ContentVersion: a new version takes the place of the one before."""
    by = user_key(files.owner)
    version = files.first_version + np.arange(len(files.at))
    documents = Ledger(files.first_document + len(files.titles))
    shown: dict[str, Column] = {
        "OwnerId": by,
        "LatestPublishedVersionId": ids.key("ContentVersion", version),
    }
    documents.change(files.first_document + files.document, files.at, by, shown)
    known = documents.versions(world.horizon)
    columns: dict[str, Values] = {
        "Title": Texts(files.titles.take(pa.array(known.record - files.first_document))),
        "FileType": Coded(known.record % len(_TYPES), _TYPES),
    }
    out.write_versions("ContentDocument", known, columns)
    versions = Ledger(files.first_version + len(version))
    first: dict[str, Column] = {"IsLatest": np.ones(len(version), bool), "OwnerId": by}
    versions.change(version, files.at, by, first)
    new = np.flatnonzero(files.number > 0)
    old: dict[str, Column] = {"IsLatest": np.zeros(len(new), bool)}
    versions.change(version[new] - 1, files.at[new], by[new], old)
    lives = versions.versions(world.horizon)
    row = lives.record - files.first_version
    document = files.document[row]
    columns = {
        "ContentDocumentId": ids.key("ContentDocument", files.first_document + document),
        "VersionNumber": Own(files.number[row] + 1, "{}"),
        "Title": Texts(files.titles.take(pa.array(document))),
        "FileType": Coded((files.first_document + document) % len(_TYPES), _TYPES),
        "FirstPublishLocationId": files.place[row],
    }
    out.write_versions("ContentVersion", lives, columns)


def _write_links(out: Out, first: int, document: Ints, linked: Ints, at: Ints) -> None:
    """ContentDocumentLink, numbered from `first` on; a document belongs to its owner."""
    order = np.lexsort((linked, document, at))
    is_owner = linked[order] >> ids.SHIFT == ids.object_number("User")
    count = len(order)
    columns: dict[str, Values] = {
        "Id": ids.keys("ContentDocumentLink", count, first),
        "ContentDocumentId": ids.key("ContentDocument", document[order]),
        "LinkedEntityId": linked[order],
        "ShareType": Coded(np.where(is_owner, 0, 1), ("I", "V")),
        "Visibility": Coded(np.zeros(count, np.int64), ("AllUsers",)),
        "SystemModstamp": at[order],
        VISIBLE_FROM: at[order],
        VISIBLE_TO: np.full(count, MISSING),
    }
    out.write("ContentDocumentLink", count, columns)
