"""Bundles of evidence, as the product makes them, opened."""

import json
from dataclasses import replace
from io import BytesIO
from typing import Any
from zipfile import ZipFile

from audit_archive.adapters.machine import find_zone, handouts
from audit_archive.adapters.signing import is_signed
from audit_archive.evidence.bundle import BundleTools, Evidence, build_evidence
from audit_archive.ports import Signer
from audit_archive.retrieve.request import EvidenceRequest, parse_request
from audit_archive.retrieve.statements import Reader
from tests.support.asking import ASKED_AT, reader_of
from tests.support.fakes import FakeScratch
from tests.support.world import CONSOLE, World

Files = dict[str, bytes]
ASKED = {"at": "2026-11-28T10:00:00Z", "who": "ada", "reason": "4711", "version": "0.2.0"}


def request_of(**filters: Any) -> EvidenceRequest:
    """The question that an event asks."""
    asked = parse_request({"request": "evidence", "console": CONSOLE, **filters}, find_zone, ASKED_AT)
    assert isinstance(asked, EvidenceRequest)
    return asked


def make(
    reader: Reader,
    request: EvidenceRequest | None = None,
    *,
    asked: dict[str, str] | None = None,
    max_proofs: int | None = None,
    signer: Signer | None = None,
) -> tuple[Evidence, bytes]:
    """What is made for a question, and the bundle's bytes; nothing stays open."""
    tools = BundleTools(reader, is_signed, handouts(), signer=signer)
    if max_proofs is not None:
        tools = replace(tools, max_proofs=max_proofs)
    made = build_evidence(tools, request or request_of(), ASKED if asked is None else asked)
    data = b""
    if made.body is not None:
        with made.body.file as file:
            data = file.read()
        assert len(data) == made.body.size
    assert isinstance(reader.scratch, FakeScratch)
    assert reader.scratch.open_files == []
    return made, data


def opened(data: bytes) -> Files:
    """The files in a bundle; none comes twice."""
    with ZipFile(BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert len(set(archive.namelist())) == len(archive.namelist())
        return {name: archive.read(name) for name in archive.namelist()}


def tools_of(world: World, **more: Any) -> BundleTools:
    """What a bundle of a world's Console is made with."""
    return BundleTools(reader_of(world), is_signed, handouts(), **more)


def made_with(tools: BundleTools, **filters: Any) -> Files:
    """The files of the bundle that some tools make for a question."""
    made = build_evidence(tools, request_of(**filters), ASKED)
    assert made.body is not None
    with made.body.file as file:
        return opened(file.read())


def bundle(world: World, *, max_proofs: int | None = None, **filters: Any) -> Files:
    """The files of the bundle for a question about a world's Console."""
    return opened(make(reader_of(world), request_of(**filters), max_proofs=max_proofs)[1])


def manifest_of(files: Files) -> dict[str, Any]:
    """What a bundle tells programs."""
    told: dict[str, Any] = json.loads(files["manifest.json"])
    return told
