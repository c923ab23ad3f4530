"""Every mistake is one line on standard error, with the exit code, and nothing half-written."""

from pathlib import Path

import pytest

from tests.cli.run import Ran, as_process, detente

SURVEY = "respondent,function,level," + ",".join(f"s{n}" for n in range(1, 21))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def configured(folder: Path, text: str) -> Path:
    file = folder / "detente.yaml"
    file.write_text(text)
    return file


def refused(ran: Ran, *said: str, code: int = 1) -> None:
    assert ran.code == code, ran
    assert "Traceback" not in ran.err + ran.out
    assert ran.err.count("\n") == 1, ran.err
    for words in said:
        assert words in ran.err


def nothing_written(home: Path) -> None:
    lake = home / "lake"
    assert not lake.exists() or not any(lake.rglob("*.parquet"))


def test_a_misspelt_key(tmp_path: Path, home: Path) -> None:
    config = configured(tmp_path, "sla:\n  hurs: 4\n")
    refused(detente("--config", config, "--home", home, "sync"), "line 2", "Did you mean hours?")
    nothing_written(home)


def test_no_source(tmp_path: Path, home: Path) -> None:
    config = configured(tmp_path, "sources: []\n")
    refused(detente("--config", config, "--home", home, "sync"), "no source is configured")


def test_a_dead_host(tmp_path: Path, home: Path) -> None:
    config = configured(
        tmp_path,
        "sources: [{name: crm, kind: salesforce, instance_url: 'https://127.0.0.1:9', "
        "auth: session, token_env: TOKEN}]",
    )
    ran = as_process("--config", config, "--home", home, "sync", TOKEN="very-secret")
    refused(ran, "127.0.0.1:9")
    checked = as_process("--config", config, "--home", home, "doctor", TOKEN="very-secret")
    assert checked.code == 3
    assert "crm: cannot be used: 127.0.0.1:9" in checked.out
    assert "very-secret" not in ran.err + ran.out + checked.err + checked.out
    nothing_written(home)


def test_a_folder_without_csvs(tmp_path: Path, home: Path) -> None:
    (tmp_path / "exports").mkdir()
    config = configured(tmp_path, f"sources: [{{name: x, kind: files, path: {tmp_path}/exports}}]")
    refused(detente("--config", config, "--home", home, "sync"), "exports")
    nothing_written(home)


def test_a_broken_row(tmp_path: Path, home: Path) -> None:
    exports = tmp_path / "exports"
    exports.mkdir()
    (exports / "Lead.csv").write_text("Id,Status,OwnerId\n00Q000000000001AAA,New\n")
    config = configured(tmp_path, f"sources: [{{name: x, kind: files, path: {exports}}}]")
    refused(detente("--config", config, "--home", home, "sync"), "Lead.csv", "2")
    nothing_written(home)


def test_a_mapping_with_a_typo(tmp_path: Path, home: Path) -> None:
    exports = tmp_path / "exports"
    exports.mkdir()
    (exports / "leads.csv").write_text("Lead ID,Phase\n1,new\n")
    (tmp_path / "mapping.yaml").write_text(
        "tables:\n  leads: {file: leads.csv, columns: {lead_id: Lead Id}}\n"
    )
    config = configured(
        tmp_path,
        f"sources: [{{name: x, kind: files, path: {exports}, mapping: {tmp_path}/mapping.yaml}}]",
    )
    refused(detente("--config", config, "--home", home, "sync"), "leads.csv", "Lead ID")
    nothing_written(home)


def test_letters_for_numbers_in_a_survey(tmp_path: Path, home: Path) -> None:
    good = "p1,sales,staff," + ",".join(["3"] * 20)
    bad = "p2,sales,staff," + ",".join(["3"] * 19 + ["four"])
    file = tmp_path / "survey.csv"
    file.write_text("\n".join([SURVEY, good, bad]))
    ran = detente("--home", home, "survey", "import", file, cwd=tmp_path)
    refused(ran, "survey.csv, row 3, column s20", "1 to 5")
    assert "p2" not in ran.err
    after = detente("--home", home, "survey", "results", cwd=tmp_path)
    assert "No survey yet" in after.out


def test_targets_of_an_unknown_metric(tmp_path: Path, home: Path) -> None:
    file = tmp_path / "targets.csv"
    file.write_text("metric,function,period,amount\nrevenues,sales,2026,1\n")
    ran = detente("--home", home, "targets", "import", file, cwd=tmp_path)
    refused(ran, "row 2", "Did you mean revenue?")
    nothing_written(home)


@pytest.mark.parametrize("command", ["stage", "indicators", "refresh"])
def test_asking_before_the_first_sync(command: str, tmp_path: Path, home: Path) -> None:
    refused(detente("--home", home, command, cwd=tmp_path), "Run `detente sync` first")


def test_wrong_usage_is_exit_code_2(tmp_path: Path) -> None:
    assert as_process("sink", cwd=tmp_path).code == 2
    assert detente("survey", "open", cwd=tmp_path).code == 2


def test_init_never_overwrites(tmp_path: Path) -> None:
    assert detente("init", tmp_path, cwd=tmp_path).code == 0
    written = (tmp_path / "detente.yaml").read_text()
    refused(detente("init", tmp_path, cwd=tmp_path), "is there already")
    assert (tmp_path / "detente.yaml").read_text() == written
