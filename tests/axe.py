"""What axe-core finds, which checks pages for people who can't see them or use a mouse."""

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Page

AXE = AXE_FILE_PATH.read_text(encoding="utf-8")


def violations(page: Page, selector: str = "html") -> list[str]:
    """What is wrong in the parts of a page that the selector finds: rule, element, what to do.

    Raises: axe's own error if the selector finds nothing.
    """
    page.evaluate(AXE)
    found = page.evaluate("part => axe.run(part, {resultTypes: ['violations']})", selector)
    return [
        f"{rule['id']} ({rule['impact']}): {node['html']}\n{node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
