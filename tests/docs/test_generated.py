"""What the pages take from the code is as the code is now, and the commands that make it say what they need."""

import re
import subprocess

import pytest

from codekiln.errors import InputError
from docs.generate import __main__ as generate
from docs.generate import flow, screenshot
from tests.docs.markdown import ROOT

LARGEST_PICTURE = 150_000


@pytest.fixture(scope="module")
def files():
    return dict(generate.everything())


def test_tables_and_drawings_are_up_to_date(files):
    stale = [str(path.relative_to(ROOT)) for path, text in files.items() if path.read_text(encoding="utf-8") != text]
    assert not stale, "run `make docs` and commit what it writes"


def test_a_changed_table_is_noticed(files, monkeypatch, tmp_path):
    page = ROOT / "docs" / "verdict.md"
    copy = tmp_path / "verdict.md"
    copy.write_text(page.read_text(encoding="utf-8").replace("`lint_count`", "`lint`"))
    assert generate.tables.page(copy) == files[page]


def test_the_flow_shows_every_step_and_what_it_reads(files):
    drawn = files[generate.IMAGES / "flow.svg"]
    texts = set(re.findall(r">([^<>\n]+)</text>", drawn))
    assert {task.name for task in flow.tasks()} <= texts
    assert {"samples", "examples", "pairs", "adapter", "evaluation"} <= texts


def test_a_step_without_a_place_in_the_flow_is_an_error(monkeypatch):
    monkeypatch.delitem(flow.PLACES, "sft")
    with pytest.raises(ValueError, match=r"align\.yaml"):
        flow.svg()


def test_the_reports_picture_is_there_and_small():
    data = (generate.IMAGES / "report.png").read_bytes()
    assert data.startswith(b"\x89PNG")
    assert len(data) < LARGEST_PICTURE


def test_the_picture_says_what_it_needs(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="make demo"):
        screenshot.write(tmp_path / "report.html", tmp_path / "report.png")
    (tmp_path / "report.html").write_text("<p>done</p>")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="needs Chromium"):
        screenshot.write(tmp_path / "report.html", tmp_path / "report.png")


def test_a_browser_is_asked_for_the_page_and_its_picture_gets_a_palette(tmp_path, monkeypatch):
    from PIL import Image

    (tmp_path / "report.html").write_text("<p>done</p>")
    Image.new("RGB", (30, 20), "red").save(tmp_path / "taken.png")
    browser = tmp_path / "chromium"
    browser.write_text(f"""#!/bin/sh
for word in "$@"; do case "$word" in --screenshot=*) /bin/cp {tmp_path}/taken.png "${{word#--screenshot=}}";; esac; done
echo "$@" > {tmp_path}/asked
""")
    browser.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    screenshot.write(tmp_path / "report.html", tmp_path / "images" / "report.png")
    with Image.open(tmp_path / "images" / "report.png") as image:
        assert image.mode == "P"
    asked = (tmp_path / "asked").read_text().split()
    assert asked[-1] == (tmp_path / "report.html").as_uri()
    assert f"--window-size={screenshot.WIDTH},{screenshot.HEIGHT}" in asked


def test_make_help_lists_every_target():
    shown = subprocess.run(["make", "-C", str(ROOT), "help"], capture_output=True, text=True, check=True).stdout
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
    listed = [line.split()[0] for line in shown.splitlines() if re.match(r"[a-z-]+ +\S", line)]
    assert sorted(listed) == sorted(phony)
