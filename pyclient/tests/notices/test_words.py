"""The words: every template in every state, and templates of a district's own that are wrong."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from icaccess.errors import ConfigError
from icaccess.notices.interface import Notice
from icaccess.notices.words import Words
from tests.naming import named_by_last

CONTACT = {"name": "Sample Desk", "phone": "555-0100"}
REASON = {"code": "certification_expired", "clause": "ES-12", "message": "It ran out.", "remedy": "Renew it."}
ENDING = {
    "last_day": "2028-06-30",
    "days_left": 14,
    "reasons": [REASON],
    "recertify": True,
    "recertification_opens": "2028-01-01",
    "valid_through": "2028-06-30",
}


def notice(kind: str = "access_ending", name: str = "Sample Person", **values: object) -> Notice:
    return Notice(
        kind=kind,
        recipient="001234",
        fact="f",
        as_of=date(2028, 6, 16),
        name=name,
        address="p@example.org",
        values={**ENDING, **values},
    )


def test_an_ending_says_when_why_what_to_do_and_whom_to_ask():
    message = Words(None, CONTACT).message([notice()], "id")
    assert message.subject == "Your Elementary Scheduling access ends after June 30, 2028"
    assert message.text == (
        "Hello Sample Person,\n\n"
        "Your access to Infinite Campus Elementary Scheduling ends after June 30, 2028, in 14 days.\n\n"
        "To keep it without a gap, recertify from January 1, 2028, through June 30, 2028.\n\n"
        "Why it ends, as of the day after:\n\n- It ran out.\n\n"
        "What to do:\n\n- Renew it.\n\n"
        "Questions about this access: Sample Desk, 555-0100.\n\n"
        "This message was sent automatically. Replies to it are not read.\n"
    )
    assert "<li>It ran out.</li>" in message.html
    assert "<img" not in message.html
    assert "http" not in message.html


@pytest.mark.parametrize(
    ("left", "words"), [(0, "which is today"), (1, "which is tomorrow"), (60, "in 60 days")]
)
def test_an_ending_says_how_soon(left, words):
    assert words in Words(None, {}).message([notice(days_left=left)], "id").text


def test_what_comes_from_facts_is_text_and_nothing_else():
    hostile = (
        "A\r\nBcc: all@example.org <script>x</script> **b** [c](http://evil) \u202e ![i](http://evil/i.png)"
    )
    message = Words(None, {}).message([notice(name=hostile)], "id")
    assert "Hello A  Bcc: all@example.org <script>" in message.text
    assert "\u202e" not in message.text + message.html
    assert "&lt;script&gt;x&lt;/script&gt; **b** [c](http://evil)" in message.html
    for element in ("<script", "<strong", "<a ", "<img"):
        assert element not in message.html


def test_a_value_cannot_begin_a_header(tmp_path: Path):
    (tmp_path / "access_ending.md").write_text("Subject: To {{ name }}\n\nText\n")
    message = Words(tmp_path, {}).message([notice(name="A\nBcc: all@example.org")], "id")
    assert message.subject == "To A Bcc: all@example.org"


def test_a_template_of_the_districts_own_goes_first(tmp_path: Path):
    (tmp_path / "_footer.md").write_text("\nSample District\n")
    assert (
        Words(tmp_path, CONTACT).message([notice()], "id").text.endswith("- Renew it.\n\nSample District\n")
    )


@named_by_last(
    ("name", "text", "says"),
    [
        (
            "access_ending.md",
            "Subject: {{ nme }}\n\nx",
            "md line 1: names the unknown field 'nme'; known here: ",
        ),
        (
            "access_ending.md",
            "Subject: x\n\n{% if days_left == 99 %}\n{{ nme }}\n{% endif %}x",
            "access_ending.md line 4: names the unknown field 'nme'; known here: as_of, contact, days_left",
        ),
        (
            "access_ending.md",
            "Subject: x\n\n{{ reasons[0].mesage }}",
            "access_ending.md line 3: 'dict object' has no attribute 'mesage'",
        ),
        ("access_ending.md", "Subject: x\n\n{% if %}", "access_ending.md line 3: "),
        ("access_ending.md", "Subject: x\n\n{{ name | shout }}", "access_ending.md line 3: No filter named"),
        (
            "access_ending.md",
            "Subject: x\n\n{{ name | day }}",
            "access_ending.md line 3: Invalid isoformat string",
        ),
        (
            "access_ending.md",
            "Subject: x\n\n{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
            "access_ending.md line 3: maximum recursion depth exceeded",
        ),
        ("access_ending.md", "Subject: {{ name }}\n\nx", "empty for nobody"),
        ("access_ending.md", "Hello\n\nx", "must begin with a line `Subject: …`"),
        (
            "access_ending.md",
            "Subject: x\n\n{{ ''.__class__ }}",
            "access_ending.md line 3: access to attribute",
        ),
        (
            "acces_ending.md",
            "Subject: x\n\nx",
            "is the template of no notice; known: _footer.md, access_ending.md",
        ),
    ],
)
def test_a_wrong_template_is_one_clear_line(tmp_path: Path, name, text, says):
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError) as error:
        Words(tmp_path, {})
    assert str(tmp_path / name) in str(error.value)
    assert says in str(error.value)


@named_by_last(
    ("name", "branch", "_reached_by"),
    [
        (
            "access_ending.md",
            '{% if reasons[0].code == "not_employed" %}{{ reasons[0].x }}{% endif %}',
            "code",
        ),
        ("access_ending.md", "{% if reasons | length > 1 %}{{ reasons[1].x }}{% endif %}", "two reasons"),
        ("access_ending.md", "{% if not name %}{{ reasons[0].x }}{% endif %}", "no name"),
        ("access_ending.md", "{% if days_left < 7 %}{{ reasons[0].x }}{% endif %}", "few days"),
        ("access_ending.md", "{% if 30 < days_left %}{{ reasons[0].x }}{% endif %}", "many days"),
        ("access_ending.md", "{% if not recertify %}{{ name | day }}{% endif %}", "no recertifying"),
        ("access_removed.md", "{% if not reasons %}{{ reasons[0].code }}{% endif %}", "no reasons"),
        ("access_given.md", "{% if locations | length > 1 %}{{ name | day }}{% endif %}", "two locations"),
        ("approver_digest.md", "{% if not waiting %}{{ losing[0].x }}{% endif %}", "nobody waits"),
        ("approver_digest.md", "{% if not losing %}{{ waiting[0].x }}{% endif %}", "nobody loses"),
        ("approver_digest.md", "{% if waiting and losing %}{{ waiting[0].x }}{% endif %}", "both"),
        ("operators.md", '{% for i in items if i.kind == "export_overdue" %}{{ i.x }}{% endfor %}', "kind"),
        ("_footer.md", "{% if not name %}{{ as_of | length | day }}{% endif %}", "no name in the end"),
    ],
)
def test_an_error_in_a_branch_is_found(tmp_path: Path, name, branch, _reached_by):
    text = branch if name == "_footer.md" else f"Subject: x\n\ntext\n{branch}\n"
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError, match=rf"{name} line {1 if name == '_footer.md' else 4}: "):
        Words(tmp_path, {})


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_template_of_another_encoding_is_named(tmp_path: Path, encoding):
    (tmp_path / "recertified.md").write_text("Subject: café\n\nDone.\n", encoding)
    with pytest.raises(ConfigError, match=r"recertified\.md: cannot be read as UTF-8 text; correct the file"):
        Words(tmp_path, {})


def test_a_folder_of_templates_that_is_not_there():
    with pytest.raises(ConfigError, match="no such folder of templates"):
        Words(Path("/nowhere"), {})


def test_somebody_without_a_name_is_named_by_id():
    waiting = [{"id": "001235", "name": "", "locations": ["210", "211"]}]
    losing = [{"id": "001234", "name": "", "last_day": "2028-06-30", "reasons": [REASON]}]
    text = Words(None, {}).message([notice("approver_digest", losing=losing, waiting=waiting)], "id").text
    assert "\n- 001235, 210, 211\n" in text
    assert "\n- 001234, after June 30, 2028.\n" in text


def test_an_operator_gets_everything_in_one_message():
    items = [
        Notice(
            kind=kind, recipient="d@example.org", fact=kind, as_of=date(2028, 6, 16), values={"text": kind}
        )
        for kind in ("guard_stop", "run_failed")
    ]
    message = Words(None, {}).message(items, "id")
    assert message.subject == "Elementary Scheduling access: 2 to review"
    assert "- guard_stop\n- run_failed\n" in message.text


@pytest.mark.slow
@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize("width", [390, 700])
def test_a_mail_is_read_as_it_is_meant(browser, width):
    waiting = [{"id": "001235", "name": "A *starred* <b>name</b>", "locations": ["210"]}]
    losing = [{"id": "001234", "name": "Other Person", "last_day": "2028-06-30", "reasons": [REASON]}]
    digest = notice("approver_digest", losing=losing, waiting=waiting)
    context = browser.new_context(offline=True, viewport={"width": width, "height": 800})
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.set_content(Words(None, CONTACT).message([digest], "id").html)
    assert page.locator("li").all_inner_texts() == [
        "A *starred* <b>name</b> (001235), 210",
        "Other Person (001234), after June 30, 2028. It ran out.",
    ]
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert asked == []
    context.close()
