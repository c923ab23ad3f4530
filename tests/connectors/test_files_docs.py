"""The example of docs/files.md works, and the page names every key."""

import csv
import io
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest

from connectors.files import FilesSource
from connectors.files.mapping import ColumnSource, Events, TableSource
from connectors.files.mapping import Mapping as MappingFile
from connectors.salesforce.objects import streams
from tests.connectors.files import pulled, write

PAGE = (Path(__file__).parents[2] / "docs" / "files.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"```\w+ ([^\n]+)\n(.*?)```", PAGE, re.DOTALL))


def texts(row: Mapping[str, object], columns: list[str]) -> list[str]:
    def text(value: object) -> str:
        if isinstance(value, datetime):
            return value.isoformat()
        return "" if value is None else str(value)

    return [text(row[column]) for column in columns]


@pytest.mark.parametrize("table", ["leads", "lead_changes", "activities"])
def test_the_example(tmp_path: Path, table: str) -> None:
    write(tmp_path / "in", {name: BLOCKS[name] for name in ("leads.csv", "log.csv")})
    (tmp_path / "mapping.yaml").write_text(BLOCKS["mapping.yaml"])
    rows = pulled(tmp_path / "in", mapping=tmp_path / "mapping.yaml")[table].to_pylist()
    columns, *wanted = csv.reader(io.StringIO(BLOCKS[f"result {table}"]))
    assert sorted(texts(row, columns) for row in rows) == sorted(wanted)


def test_every_key_is_documented() -> None:
    models = (FilesSource, MappingFile, TableSource, ColumnSource, Events)
    keys = {name for model in models for name in model.model_fields} | {"when", "take"}
    assert not [key for key in sorted(keys) if f"`{key}`" not in PAGE and f"`{key}:" not in PAGE]


def test_every_object_is_documented() -> None:
    objects = {stream.object for stream in streams()}
    objects |= {lookup.object for stream in streams() for lookup in stream.lookups}
    assert not [name for name in sorted(objects) if f"`{name}.csv`" not in PAGE]
