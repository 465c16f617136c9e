"""E-mail: all that a message says, in its charset, and what comes with it."""

from __future__ import annotations

import base64
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import UnreadableError
from index.read import read
from index.read.headers import plain
from index.read.mail import read_eml, read_mbox, read_msg
from index.read.outline import Part
from index.records import Document, check_places, place_at
from tests.make_formats import HERE
from tests.make_letters import letter, mailbox

DRAWING = b"\x89PNG" + bytes(20_000)
LOGO = b"\x89PNG" + bytes(500)


def mail(headers: str, body: str | bytes = b"") -> bytes:
    data = body if isinstance(body, bytes) else body.encode()
    return f"Subject: Frost\n{headers}\n\n".replace("\n\n\n", "\n\n").encode() + data


def parts_of(*parts: str, kind: str = "mixed") -> str:
    """The headers and the body of a message in several parts, each with its headers."""
    inner = "".join(f"--x\n{part}\n" for part in parts)
    return f"Content-Type: multipart/{kind}; boundary=x\n\n{inner}--x--\n"


def text(data: bytes) -> str:
    """What a message says below its headers."""
    return read_eml(data).text.partition("\n\n")[2]


def attached(data: bytes) -> list[Part]:
    return list(read_eml(data).parts)


def documents(name: str) -> list[Document]:
    found = list(read(HERE / name, name))
    assert all(isinstance(one, Document) for one in found), found
    return [one for one in found if isinstance(one, Document)]


def label(found: Document, words: str) -> str:
    assert found.text.count(words) == 1
    place = place_at(found.places, found.text.index(words))
    return place.label if place else ""


# The samples


def test_a_letter_is_read_with_its_attachments():
    assert (HERE / "frost.eml").read_bytes() == letter()
    own, losses, proposal = documents("frost.eml")
    assert own.text.startswith(
        "From: Morwenna Tregear <morwenna@aldermoor.example>\n"
        "To: Petroc Hale <petroc@aldermoor.example>\n"
        "Date: Mon, 22 Apr 2024 09:15:00 +0100\n"
        "Subject: Frost in the bog garden\n\nDear Petroc,\n\n"
    )
    assert label(own, "Of 63 tree ferns, 11 lost") == "Frost in the bog garden"
    assert (losses.name, losses.part) == ("frost.eml/losses.csv", "losses.csv")
    assert label(losses, "Bed: Terrace | Lost: 4") == "row 3"
    assert label(proposal, "58 pounds each") == "Against the next frost > Fleece"


def test_the_messages_of_a_mailbox_are_documents():
    assert (HERE / "letters.mbox").read_bytes() == mailbox()
    first, second, third = documents("letters.mbox")
    assert first.name == "letters.mbox/0001 Gate money for April.eml"
    assert second.name == "letters.mbox/0002 Re Gate money for April.eml"
    assert "2,912 pounds in April.\nFrom May on it opens at 9." in first.text
    assert label(third, "green umbrella") == "Lost umbrella"


# Which parts of a message are its text


def test_every_text_of_a_message_is_read_and_a_file_without_a_name_gets_one():
    data = mail(parts_of("\nThe first.", "Content-Type: application/pdf\n\n%PDF",
                         "Content-Type: text/plain\n\nThe last."))  # fmt: skip
    assert text(data) == "The first.\n\nThe last."
    assert attached(data) == [Part("unnamed.pdf", b"%PDF")]


def test_of_two_versions_the_plain_one_is_read_unless_it_is_empty():
    plain_text, page = "\nPlain.", "Content-Type: text/html\n\n<p>Page.</p>"
    assert text(mail(parts_of(plain_text, page, kind="alternative"))) == "Plain."
    assert text(mail(parts_of(page, plain_text, kind="alternative"))) == "Plain."
    assert text(mail(parts_of("\n \n", page, kind="alternative"))) == "Page."


def test_what_comes_with_a_version_that_is_not_read_is_kept():
    page = parts_of(
        "Content-Type: text/html\n\n<p>Page.</p>", "Content-Type: text/csv; name=a.csv\n\nx,y"
    ).replace("boundary=x", "boundary=y").replace("--x", "--y")  # fmt: skip
    data = mail(parts_of("\nPlain.", page, kind="alternative"))
    assert text(data) == "Plain."
    assert attached(data) == [Part("a.csv", b"x,y")]


def test_a_page_is_read_whole_under_the_subject_and_its_headings():
    data = mail(
        "Content-Type: text/html",
        "<title>t</title><p>Intro</p><footer>Foot</footer><h2>Ferns</h2><p>Eleven.</p>",
    )
    reading = read_eml(data)
    check_places(reading.places, len(reading.text))
    found = {reading.text[p.start : p.end].strip(): p.heading for p in reading.places}
    assert found == {
        "Subject: Frost\n\nIntro\n\nFoot": "Frost",
        "Ferns\n\nEleven.": "Frost > Ferns",
    }


def test_images_within_the_text_are_quiet_and_small_ones_are_no_files(tmp_path):
    made = EmailMessage()
    made["Subject"] = "Frost"
    made.set_content("Plain.")
    made.add_alternative("<p>Page.<img src='cid:a'><img src='cid:b'></p>", subtype="html")
    made.get_payload()[1].add_related(DRAWING, "image", "png", cid="<a>", filename="drawing.png")
    made.get_payload()[1].add_related(LOGO, "image", "png", cid="<b>", filename="logo.png")
    assert attached(bytes(made)) == [Part("drawing.png", DRAWING, incidental=True)]
    (tmp_path / "a.eml").write_bytes(bytes(made))
    assert [one.name for one in read(tmp_path / "a.eml", "a.eml")] == ["a.eml"]


def test_an_image_that_was_attached_fails_aloud(tmp_path):
    made = EmailMessage()
    made["Subject"] = "Frost"
    made.set_content("Plain.")
    made.add_attachment(LOGO, "image", "png", filename="a.png")
    (tmp_path / "a.eml").write_bytes(bytes(made))
    assert [one.name for one in read(tmp_path / "a.eml", "a.eml")] == ["a.eml", "a.eml/a.png"]


def test_signatures_are_no_files():
    data = mail(parts_of("\nText.", "Content-Type: application/pgp-signature\n\nxyz"))
    assert attached(data) == []


def test_a_forwarded_message_goes_by_its_subject_and_is_kept_as_it_was():
    inner = "Subject: A/B: new\n\nFrom the pond.\n>From here"
    data = mail(parts_of("\nSee below.", f"Content-Type: message/rfc822\n\n{inner}"))
    assert attached(data) == [Part("A B new.eml", inner.encode())]


def test_the_report_of_a_failed_delivery_is_a_file():
    data = mail(parts_of("\nIt failed.", "Content-Type: message/delivery-status\n\nStatus: 5.1.1\n",
                         kind="report"))  # fmt: skip
    (report,) = attached(data)
    assert (report.name, b"5.1.1" in report.data) == ("delivery-status.txt", True)


@pytest.mark.parametrize("kind", ["multipart/encrypted; boundary=x", "application/pkcs7-mime"])
def test_an_encrypted_message_is_refused(kind):
    with pytest.raises(
        UnreadableError, match=r"^is encrypted, or sealed by its signature; save it"
    ):
        read_eml(mail(f"Content-Type: {kind}", "xyz"))


def test_outlooks_own_format_is_refused():
    with pytest.raises(UnreadableError, match=r"save it as \.eml from there"):
        read_msg(b"\xd0\xcf\x11\xe0")


# Charsets and headers


@pytest.mark.parametrize("charset", ["utf-8", "koi8-r", "windows-1251", "iso-8859-5", "utf-16"])
@pytest.mark.parametrize("kind", ["plain", "html"])
def test_a_text_is_decoded_as_its_headers_say(charset, kind):
    words = "Мороз в саду."
    body = base64.b64encode((words if kind == "plain" else f"<p>{words}").encode(charset))
    headers = f"Content-Type: text/{kind}; charset={charset}\nContent-Transfer-Encoding: base64"
    assert text(mail(headers, body)) == words


@pytest.mark.parametrize(
    ("charset", "written"),
    [("gb2312", "gb18030"), ("iso-8859-1", "cp1252"), ("ks_c_5601-1987", "cp949")],
)
def test_the_wider_charset_is_meant(charset, written):
    words = {"gb18030": "镕", "cp1252": "“frost”", "cp949": "똠방각하"}[written]
    assert (
        text(mail(f"Content-Type: text/plain; charset={charset}", words.encode(written))) == words
    )


@pytest.mark.parametrize("charset", ["hex", "rot13", "unicode_escape", "x-none", '"', "utf-8\x07"])
def test_a_charset_that_is_none_does_no_harm(charset):
    assert text(mail(f"Content-Type: text/plain; charset={charset}", "Größe")) == "Größe"


def test_a_stray_nul_does_not_lose_a_text():
    assert text(mail("", b"Eleven \0ferns.")) == "Eleven ferns."


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("=?utf-8?B?w6Q=?= =?utf-8?Q?_b?= c", "ä b c"),
        ("=?utf-8?b?4pyT4py?=\n =?utf-8?b?kw==?=", "✓✓"),  # a character in two words
        ("=?x-none?q?a=FFb?=", "aÿb"),
        ("=?iso-8859-1*en?q?caf=E9?=", "café"),
        ("a\n\tb \x07c", "a b c"),
        ("=?utf-8?q?unfinished", "=?utf-8?q?unfinished"),
    ],
)
def test_encoded_words(raw, shown):
    assert plain(raw) == shown


@given(st.text(st.characters()))
def test_no_header_crashes(raw):
    assert "\n" not in plain(raw)
    plain(f"=?utf-8?q?{raw}?= =?utf-8?b?{raw}?= =?{raw}?b?aaa?=").encode()


@pytest.mark.timeout(20)
@pytest.mark.parametrize("hostile", ["(", "=?", "=?a?q?", "=?utf-8?q?a?= ", "<", '"', "a@b, ", ";"])
def test_a_header_made_to_break_parsers_costs_no_message(hostile):
    data = mail(f"To: {hostile * 30_000}\nContent-Disposition: {hostile * 3_000}", "Eleven.")
    reading = read_eml(data)
    assert reading.text.endswith("\n\nEleven.")
    assert "To: " in reading.text


def test_bytes_in_headers_and_names_are_read():
    assert "Größe" in read_eml("Subject: Größe\n\nx".encode("latin-1")).text
    part = "Content-Disposition: attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe.csv\n\nx"
    assert attached(mail(parts_of(part))) == [Part("Größe.csv", b"x")]
    part = 'Content-Disposition: attachment; filename="=?utf-8?q?Gr=C3=B6=C3=9Fe?="\n\nx'
    assert attached(mail(parts_of(f"Content-Type: text/csv\n{part}"))) == [Part("Größe.csv", b"x")]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", ["Content-Type: text/plain", "Content-Disposition: inline"])
@pytest.mark.parametrize("more", [";a", ";a*1*=b", ';"', ";charset=x"])
def test_parameters_without_end_cost_no_message(name, more):
    assert text(mail(f"{name}{more * 1_000_000}", "Eleven.")) == "Eleven."


# Broken messages


def test_a_boundary_that_stands_nowhere_loses_no_text():
    assert text(mail("Content-Type: multipart/mixed; boundary=gone", "Eleven ferns.")) == (
        "Eleven ferns."
    )


@given(st.lists(st.sampled_from(
    ["--x", "--x--", "", "Content-Type: text/html", "Content-Type: multipart/alternative; "
     "boundary=x", "Content-Type: message/rfc822", "Content-Transfer-Encoding: base64", "words",
     "Content-Disposition: attachment; filename=a", "Content-Type: message/partial"])))  # fmt: skip
def test_no_structure_crashes(lines):
    data = mail("Content-Type: multipart/mixed; boundary=x", "\n".join(lines))
    reading = read_eml(data)
    check_places(reading.places, len(reading.text))
    assert all(part.name for part in reading.parts)


def test_messages_deep_in_messages_are_a_line(tmp_path):
    headers = "".join(
        f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(2000)
    )
    (tmp_path / "a.eml").write_bytes(f"Subject: a\n{headers}\nx".encode())
    with pytest.raises(UnreadableError, match=r"^cannot be read as \.eml \(RecursionError"):
        list(read(tmp_path / "a.eml", "a.eml"))


# Lines


@pytest.mark.parametrize(
    ("lines", "joined"),
    [
        ("Of 63 ferns, \n11 died.\nSo.", "Of 63 ferns, 11 died.\nSo."),
        ("> quoted \n> more\n>> deep", "> quoted more\n>> deep"),
        ("> not \nthe same", "> not \nthe same"),
        (" >is no quote", ">is no quote"),
        ("Yours \n-- \nMorwenna", "Yours \n-- \nMorwenna"),
    ],
)
def test_lines_that_a_program_broke_are_joined(lines, joined):
    assert text(mail("Content-Type: text/plain; format=flowed", lines)) == joined


def test_the_space_may_be_the_breaks_own():
    headers = "Content-Type: text/plain; format=flowed; delsp=yes"
    assert text(mail(headers, "Aldermoor \nhouse")) == "Aldermoorhouse"


def test_other_lines_stay():
    assert text(mail("", "Of 63 ferns, \n11 died.")) == "Of 63 ferns, \n11 died."


# Mailboxes


def names(data: bytes) -> list[str]:
    return [part.name for part in read_mbox(data).parts]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_line_of_a_text_that_starts_with_from_starts_no_message(end):
    data = end.join([
        "From a@b Mon Apr 22 09:15:00 2024", "Subject: One", "", "Hello.", "From now on:",
        "note: wait", "", "From here we go", "on.", "", "From -", "Subject: Two", "", "x", "",
    ]).encode()  # fmt: skip
    assert names(data) == ["0001 One.eml", "0002 Two.eml"]
    first, second = read_mbox(data).parts
    assert b"From here we go" in first.data
    assert second.data == f"Subject: Two{end}{end}x{end}".encode()


def test_a_mailbox_without_blank_lines_is_parted_by_its_dates():
    data = (
        b"From a@b Mon Apr 22 09:15:00 2024\nTo: a\n\nx\nFrom c@d Tue Apr 23 09:15:00 2024\nTo: b\n"
    )
    assert names(data) == ["0001 without a subject.eml", "0002 without a subject.eml"]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("line", [b"11:11 1111 ", b"11:11", b"1111", b"From ", b"\nFrom ", b" "])
def test_a_line_made_to_look_like_many_dates_takes_no_time(line):
    box = b"From a\nTo: b\n\nFrom " + line * 200_000 + b"\nx\n"
    assert names(box) == ["0001 without a subject.eml"]


@given(st.lists(st.text("Fabc: >\n", max_size=60), min_size=1, max_size=5))
def test_messages_come_back_as_they_were(bodies):
    """As mboxrd writes them: every line that starts with From, however quoted, is quoted."""
    messages = [f"Subject: s\n\n{body}\n".encode() for body in bodies]
    box = b"".join(
        b"From a@b Mon Apr 22 09:15:00 2024\n" + message.replace(b"\nF", b"\nf") + b"\n"
        for message in messages
    )
    assert [part.data for part in read_mbox(box).parts] == [
        message.replace(b"\nF", b"\nf") + b"\n" for message in messages
    ]


def test_the_messages_of_a_mailbox_are_made_one_by_one():
    found = iter(read_mbox(b"From a\nTo: b\n\nx\n\n" * 50_000).parts)
    assert next(found).name == "0001 without a subject.eml"
