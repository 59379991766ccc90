"""Every relative link of every page leads to a file, and to a heading where it names one."""

import pytest

from tests.docs import markdown


@pytest.mark.parametrize("page", markdown.pages(), ids=markdown.name)
def test_every_link_resolves(page):
    wrong = []
    for target in markdown.links(page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        if not found.exists() or (anchor and anchor not in markdown.anchors(found.read_text(encoding="utf-8"))):
            wrong.append(target)
    assert not wrong


def test_a_page_of_docs_is_reached_from_the_readme():
    reached, new = set(), {markdown.ROOT / "README.md"}
    while new:
        reached |= new
        found = set()
        for page in new:
            targets = (target.partition("#")[0] for target in markdown.links(page.read_text(encoding="utf-8")))
            found |= {
                (page.parent / target).resolve() for target in targets if target.endswith(".md") and "://" not in target
            }
        new = found - reached
    assert not [markdown.name(page) for page in markdown.pages() if page not in reached]
