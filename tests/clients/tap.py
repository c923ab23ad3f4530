"""Runs tap-salesforce over the sandbox organisation."""

import json
import os
import subprocess
from collections.abc import Collection, Generator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sandbox.process import Running
from tests.clients.proxy import everything_to


def tapped(
    command: Path, server: Running, folder: Path, objects: Collection[str]
) -> Generator[dict[str, Any]]:
    """The messages (RECORD and others) of a REST run over `objects`; closed early, it ends."""
    config = folder / "config.json"
    settings = {
        "client_id": server.client_id,
        "client_secret": server.client_secret,
        "refresh_token": server.refresh_token,
        "start_date": "2020-01-01T00:00:00Z",
        "api_type": "REST",
        "select_fields_by_default": "true",
    }
    config.write_text(json.dumps(settings))
    with everything_to(urlsplit(server.url).port or 0) as proxy:
        environment = {
            **os.environ,
            "HTTPS_PROXY": proxy,
            "NO_PROXY": "",
            "REQUESTS_CA_BUNDLE": str(server.ca_file),
        }

        def start(*options: str) -> subprocess.Popen[str]:
            pipe = subprocess.PIPE
            with (folder / "tap.log").open("a") as log:
                return subprocess.Popen(
                    [str(command), "--config", str(config), *options],
                    env=environment,
                    stdout=pipe,
                    stderr=log,
                    text=True,
                )

        with start("--discover") as discovery:
            catalog = json.loads(discovery.communicate()[0])
        wanted = [one for one in catalog["streams"] if one["stream"] in objects]
        for stream in wanted:
            for mark in stream["metadata"]:
                if not mark["breadcrumb"]:
                    mark["metadata"]["selected"] = True
        chosen = folder / "properties.json"
        chosen.write_text(json.dumps({"streams": wanted}))
        with start("--properties", str(chosen)) as run:
            assert run.stdout is not None
            try:
                for line in run.stdout:
                    yield json.loads(line)
            except GeneratorExit:
                run.kill()
                return
        assert run.returncode == 0, (folder / "tap.log").read_text()[-2000:]
