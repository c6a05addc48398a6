"""The people, devices and deeds of a made-up company: raw material for generate.py. Only data."""

from __future__ import annotations

PEOPLE = (
    ("alice.meyer@example.com", "196.25.1.10", "en-ZA,en;q=0.9"),
    ("bob@example.com", "203.0.113.24", "en-US,en;q=0.5"),
    ("Siân Llŷr", "2001:db8:85a3::8a2e:370:7334", "cy-GB,cy;q=0.9,en;q=0.8"),
    ("Jürgen Groß", "198.51.100.77", "de-DE,de;q=0.9,en;q=0.7"),
    ("王小明", "2001:db8:1:2::beef", "zh-CN,zh;q=0.9"),
    ("Зоя Иванова", "192.0.2.145", "ru-RU,ru;q=0.9"),
    ("مريم الزهراء", "203.0.113.201", "ar-EG,ar;q=0.9"),
    ("chloë.o'brien@example.com", "198.51.100.9", "en-IE,en;q=0.9"),
    ('Ray "Red" Teamer 🦜', "2001:db8:ffff::1", "en-AU"),
    ("soc-robot", "10.20.30.40", ""),
    ("thabo@example.com", "196.25.1.11", "en-ZA,zu;q=0.7"),
    ("François Dupré", "2001:db8:aa::42", "fr-FR,fr;q=0.9"),
)
"""User, address, language (empty for calls of the API). Few write most of the trail: generate.py draws the
first more often."""

AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.4 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Mobile/15E148",
    "python-requests/2.31.0",
    None,
)

FLOCKS = (
    ("flock:default", "Default Flock"),
    ("flock:4c1a5b9e07d24b55", "Johannesburg"),
    ("flock:b7e2d3f4a5961c08", "Zürich - Büro"),
    ("flock:09f8e7d6c5b4a392", "東京"),
)
"""Flock id and name."""

DEVICES = ("VirtualCanary-dc01", "canary-hr-files", "BirdFeeder-3", "scada-плк", "nas-münchen", "printer-2f")

DEEDS: tuple[tuple[int, str, str, object], ...] = (
    (40, "user_login", "User logged in", None),
    (
        9,
        "device_push_settings",
        "Pushed settings to device {device}",
        {"node_id": "{token}", "name": "{device}"},
    ),
    (5, "device_schedule_reboot", "Scheduled a reboot of device {device}", {"node_id": "{token}"}),
    (
        4,
        "flock_move",
        "Moved device {device} to flock {flock}",
        {"node_id": "{token}", "flock": {"name": "{flock}"}},
    ),
    (
        3,
        "user_assign_to_flock",
        "Assigned a user to flock {flock}",
        {"roles": ["watcher", "manager"], "uid": 7},
    ),
    (
        12,
        "canarytoken_create",
        "Created Canarytoken {token}",
        {"kind": "aws-id", "memo": "left on {device}\n\t“q”"},
    ),
    (3, "canarytoken_disable", "Disabled Canarytoken {token}", {"canarytoken": "{token}", "previous": None}),
    (
        6,
        "incident_acknowledge",
        "Acknowledged incident on {device}",
        {"incident": {"id": "{token}", "hosts": [1, 2]}},
    ),
    (
        2,
        "settings_change",
        "Changed the setting 'syslog' - was 'off'",
        {"old": False, "new": True, "ratio": 0.5},
    ),
)
"""How often, action type, message, additional information; `{token}` differs from entry to entry."""
