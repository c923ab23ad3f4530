"""Bringing a database to this version's tables, by the migrations beside this file."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from model.errors import RecordsError
from store.records.transactions import migrating, place

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(engine: Engine) -> None:
    """Run the migrations that are left. RecordsError where a newer version has written it."""
    with migrating(engine) as connection:
        settings = alembic_settings(connection)
        known = {
            script.revision for script in ScriptDirectory.from_config(settings).walk_revisions()
        }
        if set(MigrationContext.configure(connection).get_current_heads()) - known:
            raise RecordsError("a newer version has written it", place(engine), "Update Détente.")
        command.upgrade(settings, "head")


def alembic_settings(connection: Connection) -> Config:
    """What Alembic needs to run our migrations on an open connection."""
    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    settings.attributes["connection"] = connection
    return settings
