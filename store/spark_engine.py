"""The engine on a Spark Connect server: Spark, Databricks, EMR, Sail. It reads the lake itself."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import reduce
from urllib.parse import urlsplit

import grpc
import ibis
import ibis.expr.types as ir
import pyarrow as pa
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql.connect.client import DefaultChannelBuilder
from pyspark.sql.connect.client.retries import DefaultPolicy
from pyspark.sql.connect.session import SparkSession
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import StructType
from sqlglot import exp

from model.errors import ConfigurationError, LakeError, NoAnswerError
from store.engines import Engine, in_memory
from store.lake import Lake
from store.manifest import Manifest
from store.opened import Files

ANSWER_SECONDS = 10
RETRIES = 5  # over 17 seconds; by itself the client goes on for ten minutes
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",  # what an instant without a zone is cast to
}

# It repeats on standard error what an exception says, with the rows and the query.
logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL + 1)


class SparkEngine(Engine):
    """An `Engine` in a session of its own on the server at `url` (`sc://host:port/;key=value`),
    which is shown `token`.

    The server reads the lake at the lake's own address,
    with its own rights to it. Raises ConfigurationError for a URL that cannot be one, NoAnswerError
    where nobody answers.
    """

    def __init__(self, lake: Lake, manifest: Manifest, url: str, token: str | None = None) -> None:
        self._where = f"engine {urlsplit(url).netloc}"
        self._checkpoints: dict[str, DataFrame] = {}
        self._in_memory: set[str] = set()
        self._reads_log: bool | None = None
        self._session = _connected(url, token, self._where)
        with self._errors():
            backend = ibis.pyspark.connect(self._session, **_SETTINGS)
        super().__init__(lake, manifest, backend)

    def _view(self, name: str, schema: pa.Schema, parts: Sequence[Files]) -> None:
        with self._errors():
            frames = [self._frame(schema, files) for files in parts]
            rows = reduce(
                lambda one, other: one.unionAll(other),
                frames or [self._local(schema.empty_table())],
            )
            rows.createOrReplaceTempView(name)

    def _frame(self, schema: pa.Schema, files: Files) -> DataFrame:
        """By the table's log where the server can (some then refuse its files), else file by file.
        What it cannot for the first table, it cannot for any.
        """
        if self._reads_log is None:
            self._reads_log = self._opens(files)
        rows = self._delta(files) if self._reads_log else self._parquet(files)
        return rows.selectExpr(
            *(
                f"`{field.name}`"
                if files.has(field.name)
                else f"CAST(NULL AS {field.dataType.simpleString()}) AS `{field.name}`"
                for field in _spark(schema)
            )
        )

    def _delta(self, files: Files) -> DataFrame:
        reader = self._session.read.format("delta").option("versionAsOf", files.version)
        return reader.load(address(files.address))

    def _parquet(self, files: Files) -> DataFrame:
        return self._session.read.schema(_spark(files.columns)).parquet(*map(address, files.uris))

    def _opens(self, files: Files) -> bool:
        try:
            return bool(self._delta(files).schema)
        except PySparkException:
            return False

    def _local(self, rows: pa.Table) -> DataFrame:
        # An empty table must come as a list; Spark asks its rows for the schema otherwise.
        return self._session.createDataFrame(rows if rows.num_rows else [], _spark(rows.schema))

    def run(self, expression: ir.Table) -> pa.Table:  # noqa: D102
        with self._errors():
            rows = self._query(self._lean(expression)).toArrow()
        return rows.cast(expression.schema().to_pyarrow())

    def _compiled(self, expression: ir.Table) -> str:
        query = self._ibis.compiler.to_sqlglot(expression)
        return str(query.transform(_float).sql(self._ibis.dialect))

    def _query(self, expression: ir.Table) -> DataFrame:
        sql = self._compiled(expression)
        with self._lock:
            for name, rows in in_memory(expression):
                if name not in self._in_memory:
                    self._local(rows).createOrReplaceTempView(name)
                    self._in_memory.add(name)
        return self._session.sql(sql)

    def _compute(self, name: str, expression: ir.Table) -> None:
        with self._errors():
            rows = self._query(expression)
            with suppress(PySparkException):  # a server that keeps nothing computes it on each use
                rows = self._checkpoints[name] = rows.localCheckpoint()
            rows.createOrReplaceTempView(name)

    def _drop(self, name: str) -> None:
        with self._errors():
            self._session.catalog.dropTempView(name)
            self._checkpoints.pop(name, None)

    def close(self) -> None:
        """End the session; the server frees what it held."""
        self._checkpoints.clear()
        # `stop` would also shut down what all sessions of the process share (SPARK-55406): with
        # several threads it waits for ever.
        with suppress(PySparkException, grpc.RpcError):
            self._session.client.release_session()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (PySparkException, grpc.RpcError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
            raise LakeError(
                f"the engine failed ({reason})", self._where, "See the Spark server's log."
            ) from error


def _float(node: exp.Expression) -> exp.Expression:
    """A number such as 0.25 as the float it is, which Spark takes for a decimal."""
    if isinstance(node, exp.Literal) and not node.is_string and not node.is_int:
        return exp.cast(node.copy(), "DOUBLE")
    return node


class _Session(SparkSession):
    """A session that, when it is collected, leaves alone what all sessions of the process share."""

    def __del__(self) -> None:
        """Do nothing: the channel closes by itself. PySpark does here what `stop` does, at any
        moment, and whoever is just running a query finds the shared pool shut down.
        """


def _connected(url: str, token: str | None, where: str) -> SparkSession:
    try:
        server = DefaultChannelBuilder(url)
    except (PySparkException, ValueError):
        raise ConfigurationError(
            "it is not the address of a Spark Connect server",
            "engine.url",
            "Write it as sc://host:15002/;key=value.",
        ) from None
    if token is not None:
        server.set(DefaultChannelBuilder.PARAM_TOKEN, token)
    with server.toChannel() as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=ANSWER_SECONDS)
        except grpc.FutureTimeoutError:
            raise NoAnswerError(
                f"no Spark Connect server answers within {ANSWER_SECONDS} s",
                where,
                "Start it, or correct engine.url.",
            ) from None
    session = _Session(server)
    session.client.set_retry_policies([DefaultPolicy(max_retries=RETRIES)])
    return session


def _spark(schema: pa.Schema) -> StructType:
    return from_arrow_schema(schema, prefer_timestamp_ntz=True)


def address(uri: str) -> str:
    """A folder as a URL, because a server takes a bare path to be on its own default storage; an
    address on object storage as it is.
    """
    return uri if "://" in uri else f"file://{uri}"
