"""Whatever a dead process left behind is shown as text and does nothing."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from kerascrash.report import brief, html, jsonfile, markdown, terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from kerascrash.model.verdict import Diagnosis

    Spoil = Callable[[Diagnosis, str], Diagnosis]

MARK = "KCOWNED"
PAYLOADS = {
    "script": f"<script>document.title='{MARK}'</script>",
    "closing": f"</script></style></pre></code><script>alert('{MARK}')</script>",
    "attribute": f'" onmouseover="{MARK}()" x=\'',
    "image": f"<img src=x onerror={MARK}()>",
    "svg": f"<svg onload={MARK}()><animate onbegin={MARK}() /></svg>",
    "template": "{{ 7 * 7191 }}{% raw %}{{ ''.__class__ }}{# x #}",
    "comment": "<!-- --!> ]]> <![CDATA[ &amp; &#x3c;script&#x3e;",
    "link": f"[x](javascript:{MARK}()) ![](https://evil.invalid/x.png) www.evil.x",
    "markdown": "`` ``` ```` | # h\n\n# heading\n- item\n> quote\n@user #1 <details>",
    "ansi": "\x1b[2J\x1b]0;t\x07\x1b]8;;http://evil.invalid\x1b\\x\x9b31m\x08\x08\r",
    "bidi": "\u202e\u2066abc\u2069\u200f\u061c\ufeff\u200b",
    "surrogate": "\udcff\udc80 \ud800 lone",
    "null": "a\x00b\x01\x02\x7f\x85\u2028\u2029",
}
ACTIVE = {"script", "style", "link", "meta", "title", "svg", "body"}


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, tuple[str, ...]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, tuple(name for name, _ in attrs)))


@pytest.fixture(params=PAYLOADS.values(), ids=PAYLOADS.keys())
def spoilt(
    request: pytest.FixtureRequest, diagnosis: Diagnosis, spoil_all: Spoil
) -> Diagnosis:
    return spoil_all(diagnosis, request.param)


def test_the_page_has_no_element_and_no_attribute_that_it_has_not_otherwise(
    spoilt: Diagnosis, page: str
) -> None:
    calm = Tags(page).seen
    seen = Tags(html.render(spoilt)).seen
    assert set(seen) <= set(calm)
    assert [s for s in seen if s[0] in ACTIVE] == [s for s in calm if s[0] in ACTIVE]


def test_the_page_holds_no_control_and_no_hiding_mark(spoilt: Diagnosis) -> None:
    page = html.render(spoilt)
    page.encode("utf-8")
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]",
        page,
    )


def test_a_template_in_the_data_is_not_rendered(
    diagnosis: Diagnosis, spoil_all: Spoil
) -> None:
    page = html.render(spoil_all(diagnosis, PAYLOADS["template"]))
    assert str(7 * 7191) not in page
    assert "{{ 7 * 7191 }}" in page


def test_plain_text_holds_no_terminal_escape(spoilt: Diagnosis) -> None:
    for text in (
        terminal.render(spoilt, 80),
        brief.render(spoilt, "x\x1b[2J.bin"),
        markdown.render(spoilt),
    ):
        text.encode("utf-8")
        assert not re.search(
            "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text
        )


def test_coloured_text_holds_no_escape_but_its_own_colours(spoilt: Diagnosis) -> None:
    text = terminal.render(spoilt, 80, color=True)
    assert "\x1b" in text
    assert "\x1b" not in re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_the_three_lines_stay_three(spoilt: Diagnosis) -> None:
    assert brief.render(spoilt, "a.bin").count("\n") == 3


def test_markdown_keeps_its_structure(spoilt: Diagnosis) -> None:
    text = markdown.render(spoilt)
    assert len(text.encode()) <= markdown.LARGEST
    outside, fence = [], ""
    for line in text.splitlines():
        ticks = re.match(r"`{3,}(?=[^`]*$)", line)
        if fence:
            fence = "" if line.rstrip() == fence else fence
        elif ticks:
            fence = ticks.group()
        else:
            outside.append(re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", line))
    assert fence == ""
    plain = "\n".join(outside)
    tags = set(re.findall(r"</?[a-z!][^>]*>", plain))
    assert tags <= {"<details>", "</details>", "<summary>", "</summary>"}
    assert plain.count("<details>") == plain.count("</details>")
    assert not re.search(r"\]\(|://|@user|www\.|(?<!&)#\d", plain)
    headings = [line for line in outside if line.startswith("#")]
    assert all(line.startswith(("## ", "### ")) for line in headings)
    assert len(headings) <= 3


def test_json_can_be_encoded_and_read_by_anybody(spoilt: Diagnosis) -> None:
    text = jsonfile.render(spoilt)
    assert text.isascii()
    json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8")


def test_a_megabyte_in_every_text_stays_small(
    diagnosis: Diagnosis, spoil_all: Spoil
) -> None:
    huge = spoil_all(diagnosis, "A" * 1_000_000)
    assert len(html.render(huge)) < 1 << 20
    assert len(markdown.render(huge).encode()) <= markdown.LARGEST
    assert len(terminal.render(huge)) < 200_000
    assert len(brief.render(huge, "a.bin")) < 2_000


@pytest.mark.parametrize("letter", ["<", "\N{EURO SIGN}", "`", "\x1b", "\udc80", "\n"])
def test_a_ticket_has_room_for_it_whatever_it_is_made_of(
    diagnosis: Diagnosis, spoil_all: Spoil, letter: str
) -> None:
    huge = spoil_all(diagnosis, letter * 100_000)
    assert len(markdown.render(huge).encode()) <= markdown.LARGEST


@pytest.mark.parametrize(
    "odd", [None, 7, "text", [], [None, 3, "x"], {"a": 1}, [[]], [{}], {"entries": 5}]
)
def test_a_blob_of_the_wrong_shape_is_no_error(diagnosis: Diagnosis, odd: Any) -> None:
    """The collector conforms blobs; what slips through must not end the report."""
    recording = diagnosis.case.recording
    bent = {
        name: dict.fromkeys(getattr(recording, name), odd)
        for name in ("inventory", "models", "stacks", "environment", "limits")
    }
    marks = tuple(
        replace(mark, data={"stage": odd, "epoch": odd}) for mark in recording.marks
    )
    case = replace(
        diagnosis.case,
        recording=replace(recording, **bent, marks=marks),
        certificate={"biggest": odd, "exit": odd},
    )
    for module in (html, markdown, terminal, jsonfile):
        assert module.render(replace(diagnosis, case=case))
