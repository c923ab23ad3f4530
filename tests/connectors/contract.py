"""The suite that every connector passes.

Inherit `ConnectorContract`, and give it the fixture `connector`: a fresh connector. Where the
source can move on, override `later`: called once, it moves it on and gives another connector.
"""

from collections.abc import Callable, Iterable

import pyarrow as pa
import pytest

from connectors.base import Connector, Pull
from model.errors import SourceError
from model.tables import TABLES

Rows = dict[str, dict[str, object]]
MOST_ROWS = 100_000
GARBAGE = ("", "{", "null", "[1]", '"x"', '{"Account": 1}', '{"Account": {"at": 5}}')


def pulled(connector: Connector, table: str, cursor: str | None = None) -> tuple[Pull, pa.Table]:
    """A pull, read to its end, and its rows."""
    pull = connector.pull(table, cursor)
    return pull, pa.concat_tables([TABLES[table].empty(), *pull.batches])


def everything(connector: Connector) -> dict[str, pa.Table]:
    """All tables in full, sorted by key."""
    return {
        table: pulled(connector, table)[1].sort_by(TABLES[table].key)
        for table in connector.offer().tables
    }


def by_key(table: str, rows: pa.Table) -> Rows:
    """Rows by their key."""
    return {str(row[TABLES[table].key]): row for row in rows.to_pylist()}


def live(rows: Rows) -> Rows:
    """The rows that are not deleted."""
    return {key: row for key, row in rows.items() if row["deleted_at"] is None}


def retained(rows: Rows, present: Iterable[pa.Array] | None) -> Rows:
    """The rows whose record is still there."""
    if present is None:
        return rows
    ids = {i for some in present for i in some.to_pylist()}
    return {key: row for key, row in rows.items() if key.partition(":")[0] in ids}


class ConnectorContract:
    """What the sync relies on, whatever the source."""

    @pytest.fixture
    def connector(self) -> Connector:
        raise NotImplementedError

    @pytest.fixture
    def later(self, connector: Connector) -> Callable[[], Connector]:
        return lambda: connector

    @pytest.fixture
    def secrets(self) -> Iterable[str]:
        return ()

    def test_the_offer_is_stable_and_names_only_what_is_known(self, connector: Connector) -> None:
        offer = connector.offer()
        assert offer.tables
        assert connector.offer() == offer
        assert offer.cutoff_at.tzinfo is None
        for table, columns in offer.availability.columns.items():
            assert columns <= set(TABLES[table].columns)
            assert TABLES[table].key in columns
        for key in offer.availability.reasons:
            table, _, column = key.partition(".")
            assert not column or column in TABLES[table].columns
            assert not offer.availability.has(key), f"{key} is given, and a reason why not"

    def test_a_pulled_table_is_what_was_offered(self, connector: Connector) -> None:
        """In canonical types and bounded batches, each key once, no column filled that was not
        offered, and every row with the instant from which it counts.
        """
        offer = connector.offer()
        for table in offer.tables:
            pull = connector.pull(table, None)
            assert pull.table == table
            keys: list[str] = []
            for rows in pull.batches:
                assert rows.schema.equals(TABLES[table].schema), table
                assert 0 < rows.num_rows <= MOST_ROWS
                keys += rows[TABLES[table].key].to_pylist()
                assert rows["recorded_at"].null_count == 0, table
                for column in set(rows.column_names) - offer.availability.columns[table]:
                    assert rows[column].null_count == rows.num_rows, f"{table}.{column}"
            assert None not in keys
            assert len(keys) == len(set(keys)), table
            assert pull.cursor()

    def test_changes_since_a_cursor_complete_what_was_pulled(
        self, connector: Connector, later: Callable[[], Connector]
    ) -> None:
        """Upserting an increment gives what a full pull gives, once the rows whose record is gone
        for good are removed. Rows that only the increment has may be there if they say that they
        are deleted.
        """
        tables = connector.offer().tables
        before = {table: pulled(connector, table) for table in tables}
        cursors = {table: pull.cursor() for table, (pull, _) in before.items()}
        after = later()
        assert after.offer().tables == tables
        for table in tables:
            increment, changed = pulled(after, table, cursors[table])
            _, full = pulled(after, table)
            kept = {} if increment.replaces else by_key(table, before[table][1])
            upserted = retained({**kept, **by_key(table, changed)}, after.present(table))
            expected = by_key(table, full)
            assert {key: upserted.get(key) for key in expected} == expected, table
            assert live(upserted) == live(expected), table

    def test_the_same_cursor_brings_the_same_rows_again(self, connector: Connector) -> None:
        for table in connector.offer().tables:
            pull, _ = pulled(connector, table)
            one = by_key(table, pulled(connector, table, pull.cursor())[1])
            two = by_key(table, pulled(connector, table, pull.cursor())[1])
            assert one == two, table

    def test_a_cursor_that_means_nothing_starts_again(self, connector: Connector) -> None:
        table = connector.offer().tables[0]
        full = by_key(table, pulled(connector, table)[1])
        for garbage in GARBAGE:
            assert by_key(table, pulled(connector, table, garbage)[1]) == full

    def test_every_row_comes_from_a_record_that_is_present(self, connector: Connector) -> None:
        for table in connector.offer().tables:
            rows = by_key(table, pulled(connector, table)[1])
            assert retained(rows, connector.present(table)) == rows, table

    def test_it_offers_the_same_after_renewal(self, connector: Connector) -> None:
        before = connector.offer()
        connector.renew()
        assert connector.offer().availability == before.availability

    def test_pulls_are_lazy(self, connector: Connector) -> None:
        for table in connector.offer().tables:
            batches = connector.pull(table, None).batches
            assert iter(batches) is batches, "batches are read once"

    def test_an_unknown_table_is_refused_in_a_line(self, connector: Connector) -> None:
        with pytest.raises(SourceError) as error:
            connector.pull("spreadsheets", None)
        assert "\n" not in str(error.value)

    def test_it_closes_and_may_be_closed_twice(self, connector: Connector) -> None:
        with connector as opened:
            assert opened is connector
            opened.offer()
        connector.close()

    def test_records_have_an_address_or_none(self, connector: Connector) -> None:
        connector.offer()
        address = connector.record_url("{id}")
        assert address is None or address.endswith("{id}")

    def test_it_tells_no_secret(self, connector: Connector, secrets: Iterable[str]) -> None:
        said = [repr(connector), str(connector), repr(connector.offer())]
        said += [repr(value) for value in vars(connector).values()]
        for secret in secrets:
            assert not any(secret in text for text in said)
