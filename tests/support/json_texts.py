"""JSON texts with anything in them that JSON can hold, and with what parsers trip over."""

import json

from hypothesis import strategies as st

TRICKY_STRINGS = [
    "",
    '":',
    ":",
    "},{",
    '"},{"id":1',
    "}\n{",
    "\\",
    "\ud800",
    "\U0001f600",
    "é\x7f",
    " :",
    '" :',
    "a" * 90,
]


NUMBERS = ["0", "-0", "7", "-9223372036854775808", "-9223372036854775809", "18446744073709551615"]

NUMBERS += ["18446744073709551616", "1.0", "1.50", "-0.0", "0e9", "1e400", "1e-400", "1e22", "0.1", "5e-324"]

NUMBERS += [
    "0.10000000000000000001",
    "123456789012345678901234567890",
    "NaN",
    "Infinity",
    "-Infinity",
    "1E+2",
]


spaces = st.sampled_from(["", "", "", " ", "\n", "\t ", "\r\n    "])


strings = st.one_of(
    st.text(max_size=8).map(
        lambda text: json.dumps(text, ensure_ascii=False).encode("utf-8", "replace").decode()
    ),
    st.sampled_from(TRICKY_STRINGS).map(json.dumps),
    st.sampled_from(
        [
            '"\x01"',
            '"a\tb"',
            '"\udcff"',
            '"\udced\udca0\udc80"',
            '"\udcc3\\u0061\x1f"',
            '"\\u0061"',
            '"\\/"',
            '"\\ud800"',
            '"\\udc00x"',
            '"\\ud83d\\ude00"',
            '"\\\\ud800"',
            '"\\u003a"',
        ]
    ),
)


scalars = st.one_of(strings, st.sampled_from([*NUMBERS, "true", "false", "null"]))


keys = st.one_of(
    st.sampled_from(
        ['"user"', '"a"', '"\\u0061"', '"_source"', '"_source_base64"', '"b"', '":"', '"timestamp"']
    ),
    strings,
)


@st.composite
def objects(draw: st.DrawFn, values: st.SearchStrategy[str], id_text: str | None = None) -> str:
    members = draw(st.lists(st.tuples(keys, values), max_size=4))
    if id_text is not None:
        members = [m for m in members if json.loads(m[0], strict=False) != "id"]
        members.insert(
            draw(st.integers(0, len(members))), (draw(st.sampled_from(['"id"', '"\\u0069d"'])), id_text)
        )
    space = draw(spaces)
    colon = draw(st.sampled_from([":", ":", ":", ": ", " :", "\n:"]))
    return "{" + space + f",{space}".join(key + colon + value for key, value in members) + space + "}"


def arrays(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(values, max_size=3).map(lambda items: "[" + ",".join(items) + "]")


nested = st.recursive(scalars, lambda inner: st.one_of(arrays(inner), objects(inner)), max_leaves=8)
