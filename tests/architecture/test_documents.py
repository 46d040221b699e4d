"""What people are sent to read is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOLD = [
    path
    for pattern in ("*.md", "*.yaml", "docs/**/*.md", "shared/**/*.py", "infra/**/*.py")
    for path in ROOT.glob(pattern)
]
_DOCUMENT = re.compile(r"docs/[\w./-]+\.\w+")
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)[^)]*\)")


def named(path: Path) -> Iterator[Path]:
    text = path.read_text()
    yield from (ROOT / name for name in _DOCUMENT.findall(text))
    if path.suffix == ".md":
        yield from (path.parent / name for name in _LINK.findall(text))


def test_every_document_that_is_named_is_there() -> None:
    missing = {
        (str(path.relative_to(ROOT)), str(other))
        for path in TOLD
        for other in named(path)
        if not other.exists()
    }
    assert missing == set()
    assert sum(len(list(named(path))) for path in TOLD) > 50
