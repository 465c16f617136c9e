"""Old encodings: texts of many languages come back as they were written."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import UnreadableError
from index.read.text import decode

SAMPLES = Path(__file__).parent / "documents" / "formats"

JAPANESE = "植物園は四月一日から九月三十日まで午前九時に開園します。入園料は大人五百円です。"
CHINESE = "植物园从四月一日至九月三十日每天上午九点开放。成人门票五十元，儿童免费入园。"
TAIWANESE = "植物園從四月一日至九月三十日每天上午九點開放。成人門票五十元，兒童免費入園。"
KOREAN = "식물원은 사월부터 구월까지 매일 오전 아홉 시에 문을 엽니다. 입장료는 오천 원입니다."
RUSSIAN = "Ботанический сад открыт с первого апреля по тридцатое сентября с девяти часов утра."
POLISH = "Ogród botaniczny jest otwarty od kwietnia do września, także w święta. Wstęp bezpłatny."
CZECH = "Botanická zahrada je otevřena od dubna do třicátého září, příští týden však zavřeno."
HUNGARIAN = "A botanikus kert őszig minden nap nyitva van, fűszernövényekkel és kőkerttel."
GREEK = "Ο βοτανικός κήπος είναι ανοιχτός από την πρώτη Απριλίου. Άνοιξη με ανθισμένα δέντρα."
FRENCH = "Le jardin est ouvert même les jours fériés. L’entrée est gratuite pour les élèves."
GERMAN = "Der Garten ist täglich geöffnet, auch am dreißigsten September. Führungen für Schüler."
FINNISH = "Puutarha on avoinna päivittäin. Pääsymaksu on viisi euroa, lapset pääsevät sisään."
SPANISH = "El jardín botánico abre todos los días; los niños no pagan. ¿Cuándo? Mañana también."
DANISH = "Haven er åben hver dag fra første april. Børn går gratis ind, også på helligdage."
TURKISH = "Botanik bahçesi eylül sonuna kadar her gün açıktır. Öğrenciler için giriş ücretsizdir."
HEBREW = "הגן הבוטני פתוח מהראשון באפריל עד השלושים בספטמבר. הכניסה לילדים חינם."
ARABIC = "الحديقة النباتية مفتوحة من أول أبريل حتى نهاية سبتمبر. الدخول مجاني للأطفال."
THAI = "สวนพฤกษศาสตร์เปิดตั้งแต่เดือนเมษายนถึงเดือนกันยายน เด็กเข้าฟรี"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("shift_jis", JAPANESE), ("euc_jp", JAPANESE), ("gb18030", CHINESE), ("big5", TAIWANESE),
        ("euc_kr", KOREAN), ("koi8_r", RUSSIAN), ("cp1251", RUSSIAN), ("iso8859_5", RUSSIAN),
        ("cp866", RUSSIAN), ("iso8859_2", POLISH), ("cp1250", POLISH), ("cp852", POLISH),
        ("cp1250", CZECH), ("iso8859_2", CZECH), ("iso8859_2", HUNGARIAN), ("iso8859_7", GREEK),
        ("cp1253", GREEK), ("mac_roman", FRENCH), ("cp1252", FRENCH), ("mac_roman", GERMAN),
        ("cp1252", GERMAN), ("cp850", GERMAN), ("cp1252", FINNISH), ("cp1252", SPANISH),
        ("cp1252", DANISH), ("cp1254", TURKISH), ("cp1255", HEBREW), ("cp1256", ARABIC),
        ("cp874", THAI),
    ],
)  # fmt: skip
@pytest.mark.parametrize("times", [1, 40])
def test_a_text_comes_back_from_its_old_encoding(encoding, text, times):
    text = "\n".join([text] * times)
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [JAPANESE + "\n", CHINESE + " 5\n", RUSSIAN, GREEK, GERMAN, "ab"])
def test_utf_16_needs_no_mark(encoding, text):
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    "text", ["Hälfte – 5 €", "naïve", "déjà vu", "Größe;Text", "15 °C", "£5", "Zoë", "½ Ø", "São"]
)
def test_a_short_latin_text_is_of_windows(text):
    assert decode(text.encode("cp1252")) == text


def test_binary_data_is_no_utf_16():
    for data in (b"hello\0world!", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1", bytes(range(256))):
        with pytest.raises(UnreadableError, match="is not text"):
            decode(data)


@settings(max_examples=80, deadline=None)
@given(st.binary(min_size=1, max_size=200))
def test_the_same_bytes_are_always_the_same_text(data):
    try:
        assert decode(data) == decode(data)
    except UnreadableError:
        with pytest.raises(UnreadableError):
            decode(data)


def test_a_long_text_takes_no_longer_to_tell():
    data = ("plain lines of ASCII\n" * 1000 + f"{RUSSIAN}\n" * 50_000).encode("koi8_r")
    start = time.perf_counter()
    assert RUSSIAN in decode(data)
    assert time.perf_counter() - start < 2


def test_the_sample_is_read():
    assert "Вход стоит шесть фунтов." in decode((SAMPLES / "opening-hours.txt").read_bytes())
