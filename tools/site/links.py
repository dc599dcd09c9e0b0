"""Checks every link of a static site: does it lead to a file, and to a place in it?"""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["wrong"]

SOURCES = ("href", "src")


class _Page(HTMLParser):
    """The links in a page, and the targets in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.points_to: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.ids |= {named[name] for name in ("id", "name") if name in named}
        target = [named[name] for name in SOURCES if name in named]
        self.points_to += target
        if tag != "a":
            self.loads += target


def wrong(site: Path) -> list[str]:
    """A line for each link that leads nowhere, and for everything loaded from another host."""
    pages = {path.resolve(): _Page(path) for path in sorted(site.rglob("*.html"))}
    found = []
    for path, page in pages.items():
        where = path.relative_to(site.resolve())
        found += [f"{where}: loads {each}" for each in page.loads if urlsplit(each).netloc]
        found += [
            f"{where}: {each}" for each in page.points_to if _leads_nowhere(each, path, pages)
        ]
    return found


def _leads_nowhere(link: str, path: Path, pages: dict[Path, _Page]) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return False
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    if not target.exists():
        return True
    anchor = unquote(parts.fragment)
    return bool(anchor) and target in pages and anchor not in pages[target].ids
