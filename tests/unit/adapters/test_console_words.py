"""Foreign words in our messages: short, on one line, and never with a key."""

import html
import json
from urllib.parse import quote, quote_plus

import pytest

from audit_archive.adapters.console.words import MAX_DESCRIBED, MAX_WORDS, Scrubber, description, json_object
from audit_archive.format.canonical import canonical_bytes
from tests.support.rows import all_rows
from tests.support.scripted import KEY


def _double(key: str) -> str:
    return quote(quote(key, safe=""), safe="")


ENCODINGS = [str, quote, quote_plus, html.escape, json.dumps, repr, lambda k: quote(k, safe=""), str.upper]


@all_rows("encode", ENCODINGS)
def test_a_key_is_hidden_in_every_encoding(encode: object) -> None:
    scrub = Scrubber()
    scrub.learn(KEY)
    assert callable(encode)
    text = scrub(f"GET /fetch?auth_token={encode(KEY)} failed")
    assert "k3y" not in text.lower()
    assert "failed" in text or "withheld" in text


def test_lower_case_percent_encoding_is_hidden_too() -> None:
    scrub = Scrubber()
    scrub.learn(KEY)
    assert "k3y" not in scrub(quote(KEY, safe="").lower())


def test_a_key_split_over_odd_encodings_withholds_the_text() -> None:
    scrub = Scrubber()
    scrub.learn("secret-key")
    assert scrub("token %73ecret-key was wrong") == "(withheld: it repeats the API key)"
    assert scrub("token &#115;ecret-key was wrong") == "(withheld: it repeats the API key)"


def test_keys_known_before_a_rotation_stay_hidden() -> None:
    scrub = Scrubber()
    scrub.learn("old-secret")
    scrub.learn("new-secret")
    assert scrub("old-secret and new-secret") == "[API key] and [API key]"
    assert "secret" not in repr(scrub)


def test_words_are_one_short_line() -> None:
    text = Scrubber()("a\r\nb\x00c\u2028d\x1b[31m" + "e" * 1_000)
    assert text.isprintable()
    assert len(text) == MAX_WORDS + 3


def test_a_key_at_the_cut_is_hidden_before_the_text_is_cut() -> None:
    scrub = Scrubber()
    scrub.learn("secret-key")
    assert "secr" not in scrub("x" * (MAX_WORDS - 4) + "secret-key")


@all_rows("between", ["\n", " ", "\x00", "<wbr>", "\r\n\t", "%20", "\\"])
def test_a_key_broken_over_lines_withholds_the_text(between: str) -> None:
    scrub = Scrubber()
    scrub.learn("Secret-Key")
    said = description(f"<p>no such key: secre{between}t-key</p>".encode())
    assert scrub(said) == "(withheld: it repeats the API key)"


@all_rows("begin", ["", "<p>"])
@all_rows("shown", range(1, len("secret-key")))
def test_a_key_cut_off_with_the_text_goes_with_the_cut(begin: str, shown: int) -> None:
    scrub = Scrubber()
    scrub.learn("secret-key")
    body = (begin + "no such key:").ljust(MAX_DESCRIBED - shown).encode() + b"secret-key and more"
    assert scrub(description(body)).endswith("no such key: ...")


def test_a_text_of_one_endless_word_is_not_shown_at_all() -> None:
    assert description(b"x" * MAX_DESCRIBED) == "text: " + "x" * MAX_DESCRIBED
    assert description(b"x" * (MAX_DESCRIBED + 1)).split() == ["text:", "..."]


@all_rows(
    ("body", "words"),
    [
        (b'{"result": "error", "message": "Invalid auth_token"}', "Invalid auth_token"),
        (b'{"result": "error", "msg": "No"}', "No"),
        (b'{"result": "error"}', "JSON with result"),
        (b"{}", "JSON with nothing in it"),
        (b"<html><head><title>Down &amp; out</title></head></html>", "an HTML page: Down & out"),
        (b"\xef\xbb\xbf  <p>Back <b>soon</b></p>", "an HTML page:"),
        (b"Bad gateway", "text: Bad gateway"),
        (b"  ", "nothing"),
        (b"", "nothing"),
    ],
)
def test_a_body_is_described_in_a_few_words(body: bytes, words: str) -> None:
    assert description(body).startswith(words)


@all_rows("body", [b"", b"[]", b"12", b"{", b"[" * 100_000, b'{"a": ' + b"[" * 100_000, b"\xff\xfe{}"])
def test_what_is_no_json_object_is_none(body: bytes) -> None:
    assert json_object(body) is None


@pytest.mark.parametrize("levels", [99, 150, 990, 100_000])
def test_what_lies_too_deep_is_null_in_whatever_depth_we_are(levels: int) -> None:
    body = b'{"id": 7, "a": ' + b"[" * levels + b"1" + b"]" * levels + b', "b": "]]{"}'
    answer = json_object(body)
    assert answer is not None
    assert (answer["id"], answer["b"]) == (7, "]]{")
    assert len(canonical_bytes({"in": {"a": {"statement": answer}}})) < 300


@pytest.mark.parametrize("raw", ["\x00", "\x01", "\n", "\t"])
def test_a_raw_control_character_in_one_text_does_not_hide_the_answer(raw: str) -> None:
    assert json_object(f'{{"agent": "x{raw}y", "id": 7}}'.encode()) == {"agent": f"x{raw}y", "id": 7}


def test_json_that_an_attacker_shaped_is_still_read() -> None:
    body = b'{"agent": "\\ud800 \xff", "n": NaN, "big": ' + b"9" * 5_000 + b"}"
    answer = json_object(body)
    assert answer is not None
    assert answer["agent"].startswith("\ud800")
    assert isinstance(answer["big"], float)
