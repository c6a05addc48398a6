"""JSON texts of exports: mostly right, with anything in them that JSON can hold, and some that it can't."""

import json

from hypothesis import strategies as st

from tests.support.json_texts import nested, objects, spaces

GOOD_IDS = ("9223372036854775807", "9007199254740993", "4611686018427387905", "10")
BAD_IDS = (
    *("0", "-1", "-0", "7.0", "7e0", "1E400", "NaN", "-Infinity", "07", "+7", "0x7", "7_0", "\u0667", ""),
    *('"7"', "true", "null", "[7]", '{"id":7}', str(2**63), str(2**64), "9" * 30, "9" * 5000),
)
MOMENTS = (
    *("2026-07-14 03:33:20 UTC+0000", "2026-07-14 23:59:59 UTC-1400", "2024-02-29 12:00:00 UTC+0530"),
    *("1970-01-01 00:00:00 UTC+0000", "9999-12-31 23:59:59 UTC-0001", "2026-02-30 00:00:00 UTC+0000"),
    *(
        "2026-07-14T03:33:20Z",
        "2026-07-14t03:33:20.999999+05:30",
        "\u0662026-07-14 03:33:20 UTC+0000",
        "",
        "\ud800",
    ),
)
ACTIONS = ("user_login", "audit_trail_purge", "audit_trail_purge", "", "\udfff")
MESSAGES = (
    *("Successfully purged 1,003 logs before id:1,004", "Successfully purged 1.003 logs before id:4"),
    *("Successfully purged 3 logs before id:4", "successfully purged 1 log before id : 9223372036854775807."),
    *("Successfully purged 9999999999999999999 logs before id:9999999999999999999", "purged", "\ud800"),
)
TRAPS = (
    *(',"user":"x"', ',"a":{"b":1,"b":2}', ',"_source":1', ',"a":"\\ud800"', ',"a":"":"', ',"a" :1'),
    *(f',"a":{number}' for number in ("1.10", "18446744073709551616", "1e400", "0.30000000000000001", "-0")),
    *(f',"a":"{raw}"' for raw in ("\x01", "x\ny", "\ud800", "\0\uffff")),
    *(',"a":"},{\\"id\\":1"', ',"a":[{"id":7},{"id":8}]', ',"a":NaN', ',"timestamp":null'),
)
JUNK = (" ", "\n", "\0", "]", ",", "[]", "\ufeff", "\x1f", "null", "//", "\u2028")


def _some(texts: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.sampled_from(texts).map(json.dumps)


def _nest(levels: int, braces: bool) -> str:
    return '{"a":' * levels + "0" + "}" * levels if braces else "[" * levels + "]" * levels


_values = st.one_of(nested, nested, nested, st.builds(_nest, st.sampled_from([126, 128, 300]), st.booleans()))
_known = st.one_of(
    st.tuples(st.just('"timestamp"'), _some(MOMENTS)),
    st.tuples(st.just('"action_type"'), _some(ACTIONS)),
    st.tuples(st.just('"message"'), _some(MESSAGES)),
    st.tuples(st.sampled_from(['"user"', '"user_ip"', '"user_browser_agent"']), nested),
)


@st.composite
def _entry(draw: st.DrawFn, number: int, is_rude: bool) -> str:
    """An entry as no Console writes it; a rude one may be no entry at all."""
    if is_rude and not draw(st.integers(0, 9)):
        return draw(nested)
    ids = [*[str(number)] * 12, *GOOD_IDS, *(BAD_IDS if is_rude else ())]
    entry = draw(objects(_values, id_text=draw(st.sampled_from(ids))))
    members = draw(st.lists(_known, max_size=3))
    return "{" + "".join(f"{key}:{value}," for key, value in members) + entry.removeprefix("{")


def _plain(number: int, more: str = "") -> str:
    stamp = f"20{number // 336 % 80 + 20}-{number // 28 % 12 + 1:02}-{number % 28 + 1:02} 10:00:00 UTC+0000"
    return f'{{"id":{number},"timestamp":"{stamp}","action_type":"user_login","user":"u{number}"{more}}}'


@st.composite
def _many(draw: st.DrawFn, others: list[str]) -> list[str]:
    """Many plain entries, with others among them, and some that look plain but must not be parsed lightly."""
    found = [_plain(number) for number in range(20, 20 + draw(st.sampled_from([30, 300, 900])))]
    for at in draw(st.lists(st.integers(0, len(found) - 1), max_size=3)):
        found[at] = _plain(20 + at, draw(st.sampled_from(TRAPS)))
    at = draw(st.integers(0, len(found)))
    return found[:at] + others + found[at:]


@st.composite
def _entries(draw: st.DrawFn, is_rude: bool) -> list[str]:
    """Few of any kind, or these among many. Some come twice."""
    first = draw(st.sampled_from([1, 4]))
    found: list[str] = [draw(_entry(n, is_rude)) for n in range(first, first + draw(st.integers(0, 8)))]
    if not draw(st.integers(0, 3)):
        found = draw(_many(found[:2]))
    if found:
        found += draw(st.lists(st.sampled_from(found), max_size=2))
    return found[::-1] if draw(st.booleans()) else found


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """The text of an export in any of its shapes; one in four is rude, and may be none."""
    is_rude = not draw(st.integers(0, 3))
    entries: list[str] = draw(_entries(is_rude))
    junk: tuple[str, ...] = JUNK if is_rude else ()
    space = draw(spaces)
    shape = draw(st.sampled_from(["array", "array", "envelope", "lines"]))
    if shape == "lines":
        text = draw(st.sampled_from(["\n", "\r\n", " \n\t", "\n\n", *junk])).join(entries)
    else:
        text = "[" + space + f",{space}".join(entries) + space + "]"
    if shape == "envelope":
        text = draw(_enveloped(text, is_rude))
    bom = draw(st.sampled_from(["", "", "", "\ufeff"]))
    before, after = (draw(st.sampled_from(["", "", *junk])) for _ in range(2))
    return (bom + before + text + after).encode("utf-8", "surrogatepass")


@st.composite
def _enveloped(draw: st.DrawFn, array: str, is_rude: bool) -> str:
    names = ['"result"', '"cursor"', '"a"', '"\\ud800"', *(['"id"', '"audit_trail"'] if is_rude else [])]
    members = draw(st.lists(st.tuples(st.sampled_from(names), nested), max_size=2))
    trail = draw(st.sampled_from([array, array, array, "null"]))
    members.insert(draw(st.integers(0, len(members))), ('"audit_trail"', trail))
    return "{" + ",".join(f"{key}:{value}" for key, value in members) + "}"
