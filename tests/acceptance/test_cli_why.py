"""`why` of the real program: terms that nearly matched, edits judged as edits, templates told as the text they are."""

import pytest

from tests.acceptance.conftest import Desk, Statement, open_ministry, settings_for

TEMPLATE = "{{ 7191 * 7193 }} {0.__class__} %(x)s {% for a in b %}"
RULES = """
[rules.took-out]
match = 'removed:flour'
notify = ["hook"]
[rules.put-in]
match = 'added:flour OR =SYRIA'
stem = true
notify = ["hook"]
"""


@pytest.fixture(scope="module")
def edited(tmp_path_factory):
    """A desk that saw a statement published, and flour taken out of it; its title looks like templates."""
    with open_ministry() as site:
        desk = Desk(tmp_path_factory.mktemp("edited"), {})
        desk.settings(settings_for(site, more=RULES))
        site.publish(Statement("old", "Harbour opens", "A new harbour.", 0))
        desk.call("poll")
        site.publish(Statement("aid", f"Syria {TEMPLATE}", "Bread and flour for Syria.", 20))
        desk.call("poll")
        site.edit("aid", text="Bread for Syria.")
        desk.call("poll")
        item = next(row["id"] for row in desk.call("items", "--json").json if "7191" in row["title"])
        yield desk, item


@pytest.mark.long
def test_a_rule_about_edits_is_explained_by_the_latest_edit(edited):
    desk, item = edited
    (took_out,) = desk.call("why", item, "took-out", "--json").json
    assert took_out["matched"]
    assert took_out["verdict"] == "the latest edit matches"
    assert [each["transition"] for each in took_out["judged"]] == [None, "changed"]
    (put_in,) = desk.call("why", item, "put-in", "--json").json
    flour, syria = (part["terms"][0]["near_miss"] for part in put_in["query"]["parts"])
    assert (flour, syria["reason"], syria["seen"]) == (None, "other-case", "Syria")
    assert "“Syria” stands in title, in another case" in desk.call("why", item, "put-in").out


@pytest.mark.long
def test_what_looks_like_a_template_is_told_as_it_stands(edited):
    desk, item = edited
    for command in (("why", item), ("history", item), ("items",), ("alerts",)):
        assert "51724863" not in desk.call(*command).out
    assert TEMPLATE in desk.call("history", item).out
    (shown,) = [row for row in desk.call("items", "--json").json if row["id"] == item]
    assert shown["title"] == f"Syria {TEMPLATE}"
