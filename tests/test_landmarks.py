"""Of a web page the main content is read; of a page that does not say what that is, all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.read.web import page, read_html
from index.records import check_places

AROUND = [
    "<header>around</header>",
    "<footer>around</footer>",
    "<aside><p>around</p></aside>",
    "<nav>around</nav>",
    "<div role=banner>around</div>",
    "<div role=navigation>around</div>",
    "<div role='contentinfo'>around</div>",
    "<form role=SEARCH>around</form>",
    "<search>around</search>",
    "<div role=complementary>around</div>",
    "<a href='#main'>Skip to around</a>",
    "<a href='#m' class='skip-link'>around</a>",
    "<div id=cookie-consent>around</div>",
    "<div class='x gdpr_banner'><p>around</p></div>",
    "<div id=CybotCookiebotDialog>around</div>",
    "<div class=share-buttons>Share: <a href=a>around</a> <a href=b>around</a></div>",
    "<ul class='social-links'><li><a href=a>around</a></ul>",
]
INSIDE = [
    "<article><header>inside</header></article>",
    "<article><footer>inside</footer></article>",
    "<article><aside>inside</aside></article>",
    "<section><header>inside</header></section>",
    "<header><h1>inside</h1></header>",
    "<div role=banner><h1>inside</h1></div>",
    "<a href='/b'>Skip to inside</a>",
    "<a href='#b'>inside</a>",
    "<div class='cookie-recipe'>inside</div>",
    f"<div class='cookie-notice'>{'inside ' * 400}</div>",
    "<div class='cookie-notice'><h1>inside</h1></div>",
    "<div class=market-share><a href=a>inside</a> and a lot of text beside it, inside</div>",
    "<div class=share-price>inside</div>",
    "<div class=breadcrumb>inside</div>",
    "<header role=presentation>inside</header>",
]


def words(page_source: str) -> list[str]:
    return read_html(page_source.encode()).text.split()


@pytest.mark.parametrize("around", AROUND)
def test_what_surrounds_the_content_goes_and_what_follows_it_stays(around):
    assert words(f"<body><p>before</p>{around}after") == ["before", "after"]


@pytest.mark.parametrize("inside", INSIDE)
def test_what_belongs_to_the_content_stays(inside):
    assert "inside" in words(f"<body><p>before</p>{inside} after")


@pytest.mark.parametrize(
    "main",
    ["<main>{}</main>", "<div role=main>{}</div>", "<div><div><main>{}</main>out</div></div>",
     "<article>{}</article>", "<main><article>{}</article><article>too</article></main>"],
)  # fmt: skip
def test_where_a_page_says_what_is_main_only_that_is_read(main):
    source = f"<body>out<div>out</div>{main.format('<p>in <b>and</b> in</p>' * 9)}out<p>out</p>"
    found = words(source)
    assert found.count("in") == 18
    assert "out" not in found


def test_the_only_first_heading_stays_wherever_it_is():
    source = (
        b"<title>t</title><body><header><p>logo</p><div>x<h1>Visit</h1>y</div></header>"
        b"<main><h2>Bus</h2><p>14</p></main>"
    )
    reading = read_html(source)
    assert reading.text.split() == ["Visit", "Bus", "14"]
    assert [place.heading for place in reading.places] == ["Visit", "Visit > Bus"]


def test_the_title_of_the_page_stays():
    reading = read_html(b"<title>Visit</title><header>logo</header><main><p>14</p></main>")
    assert [place.heading for place in reading.places] == ["Visit"]


@pytest.mark.parametrize(
    "source",
    [
        "<main>one</main><main>two</main>",
        "<article>one</article><article>two</article>",
        "<main> <img src=a></main><p>one two</p>",
        "<article>one</article><p>two, and more than half of the words of the page</p>",
        "<main hidden>x</main><main>one two</main>",
        "<header>one two</header>",
        "<aside>one</aside><footer>two</footer>",
        "<div class=cookie-banner>one two</div>",
    ],
)
def test_where_landmarks_tell_nothing_nothing_is_lost(source):
    assert {"one", "two"} <= {word.strip(",") for word in words(f"<body>{source}")}


PLAIN = st.recursive(
    st.text("abc ", max_size=8),
    lambda inner: st.builds(
        "<{0}>{1}</{0}>".format,
        st.sampled_from(["p", "div", "section", "h2", "b", "li", "td", "span", "figure", "dl"]),
        st.lists(inner, max_size=4).map("".join),
    ),
    max_leaves=20,
)


@given(PLAIN)
def test_a_page_without_landmarks_is_read_as_it_was(source):
    assert page(source, main_only=True) == page(source)


@given(st.lists(st.sampled_from(
    ["<main>", "</main>", "<article>", "</article>", "<header>", "</header>", "<h1>a", "</h1>",
     "<h2>b</h2>", "<aside>", "</aside>", "<p>words", "<div role=main>", "</div>", "<footer>",
     "<a href='#x'>Skip to x", "<div class='share'>", "<html class=cookie-bar>"])))  # fmt: skip
def test_no_page_loses_all_or_its_order(tags):
    whole, found = page("".join(tags)), read_html("".join(tags).encode())
    check_places(found.places, len(found.text))
    assert bool(found.text.strip()) == bool(whole[0].strip())
    rest = iter(whole[0])
    assert all(letter in rest for letter in "".join(found.text.split()))


@pytest.mark.timeout(15)
@pytest.mark.parametrize("name", ["share", "cookie-banner"])
def test_boxes_in_boxes_are_not_read_once_for_each(name):
    source = f"<div class={name}>" * 200 + "<a href=#>word</a> " * 100_000
    assert len(words(f"<body><p>before</p>{source}")) == 100_001


def test_a_page_of_an_e_mail_or_a_book_is_whole():
    assert page("<header>a</header><main>b</main><footer>c</footer>")[0].split() == ["a", "b", "c"]
