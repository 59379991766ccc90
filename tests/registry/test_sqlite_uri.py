"""A database under any path is the one that its URI means, to MLflow as to codekiln; other readings are refused."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from codekiln.errors import InputError, RegistryError
from codekiln.registry.connection import connect, find_server
from codekiln.registry.sqlite_uri import check_sqlite_uri, sqlite_path, sqlite_uri

NAMES = ["a b%20c#d?e", "%", "50%25", 'o\'clock "x"', "é and e\u0301", "a&b;c<d>", "-x", "@:[]", "x\\y", "timeout=3?"]
LETTERS = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="/")


@given(st.text(LETTERS | st.sampled_from("%?#&=+:@[]; "), min_size=1, max_size=20))
@example("%2F")
def test_a_path_and_its_uri_are_one_database_to_sqlalchemy_and_to_codekiln(name):
    path = Path("/srv") / f"x{name}" / "mlflow.db"
    assert make_url(sqlite_uri(path)).database == str(path)
    assert sqlite_path(sqlite_uri(path)) == path


def test_mlflow_keeps_database_and_artifacts_in_a_folder_of_any_name(tmp_path, empty_database):
    folder = tmp_path / "".join(NAMES)
    folder.mkdir()
    (folder / "mlflow.db").write_bytes(empty_database.read_bytes())
    client, experiment = connect(sqlite_uri(folder / "mlflow.db"), "paths")
    run = client.create_run(experiment).info.run_id
    client.log_text(run, "x", "a.txt")
    assert [path.relative_to(folder).parts[0] for path in tmp_path.rglob("a.txt")] == ["mlartifacts"]
    with sqlite3.connect(folder / "mlflow.db") as database:
        assert (run,) in database.execute("select run_uuid from runs").fetchall()


@pytest.mark.parametrize(
    ("uri", "told", "fix"),
    [
        ("sqlite:///a?b/mlflow.db", "ends at '?', and 'b/mlflow.db' is none of its options", "a%3Fb/mlflow.db"),
        ("sqlite:///mlflow.db?", "ends at '?'", "mlflow.db%3F"),
        ("sqlite:///x%20y/mlflow.db", "'%' begins a code in a URI", "x%2520y/mlflow.db"),
    ],
)
def test_a_path_that_is_not_encoded_is_refused_where_it_means_another_file(tmp_path, monkeypatch, uri, told, fix):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x%20y").mkdir()
    for refuse in (check_sqlite_uri, lambda each: connect(each, "x"), find_server):
        with pytest.raises(InputError) as caught:
            refuse(uri)
        assert told in caught.value.what
        assert caught.value.fix.endswith(fix)
    assert [path.name for path in tmp_path.iterdir()] == ["x%20y"]


@pytest.mark.parametrize(
    "uri", ["sqlite:///x y/mlflow.db", "sqlite:///x%20y/m.db?timeout=3", "http://m?x", "sqlite://"]
)
def test_other_uris_are_taken(tmp_path, monkeypatch, uri):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x y").mkdir()
    check_sqlite_uri(uri)


def test_a_database_here_is_found_in_a_folder_of_any_name(tmp_path, monkeypatch):
    folder = tmp_path / "".join(NAMES)
    folder.mkdir()
    (folder / "mlflow.db").touch()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert sqlite_path(find_server()) == folder / "mlflow.db"


def test_nothing_is_left_elsewhere_and_the_current_folder_may_have_any_name(tmp_path, monkeypatch, empty_database):
    folder = tmp_path / "".join(NAMES)
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "mlflow.db").write_bytes(empty_database.read_bytes())
    with sqlite3.connect(folder / "mlflow.db") as database:
        database.execute("delete from experiments")
    connect(sqlite_uri(folder / "mlflow.db"), "paths")
    with sqlite3.connect(folder / "mlflow.db") as database:
        [place] = database.execute("select artifact_location from experiments where name = 'Default'").fetchone()
    assert place == f"{(folder / 'mlartifacts').as_uri()}/0"
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_what_is_no_database_is_refused_at_once_and_stays_as_it_is(tmp_path):
    (tmp_path / "note.txt").write_text("x")
    for path in (tmp_path, tmp_path / "note.txt"):
        with pytest.raises(InputError, match="is no SQLite database"):
            connect(sqlite_uri(path), "x")
    assert (tmp_path / "note.txt").read_text() == "x"
    with pytest.raises(RegistryError, match="no such file"):
        connect("sqlite:////proc/nowhere.db", "x")
