"""Sphinx's configuration. book.py says where everything is; this says how it looks."""

import json
from pathlib import Path

from docutils import nodes

HERE = Path(__file__).parent  # the source that was gathered, with this file in it

project = "stepsize"
author = "The stepsize authors"
copyright = "the stepsize authors"
extensions = ["myst_nb", "sphinx_copybutton"]
exclude_patterns = ["_build"]

nb_execution_mode = "off"
nb_mime_priority_overrides = [("html", "text/plain", 100)]
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence"]
myst_heading_anchors = 3
myst_dmath_double_inline = True
suppress_warnings = ["mystnb.unknown_mime_type"]

mathjax_path = "mathjax/tex-chtml.js"
mathjax3_config = {"options": {"enableMenu": False}, "chtml": {"adaptiveCSS": True}}

html_theme = "sphinx_book_theme"
html_title = "stepsize"
html_static_path = ["_static"]
templates_path = ["templates"]
html_sidebars = {"**": ["home.html", "search-button-field.html", "sbt-sidebar-nav.html"]}
html_css_files = ["picture.css", "site.css"]
html_js_files = ["labs.js", "prediction.js", "formulas.js"]
html_copy_source = False
html_show_sourcelink = False
html_context = {"default_mode": "auto"}
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "show_navbar_depth": 1,
    "show_toc_level": 2,
    "home_page_in_toc": False,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

ALTS = json.loads((HERE / "alts.json").read_text(encoding="utf-8"))


def describe(app, doctree):
    """Give each picture the sentence from its notebook."""
    for image in doctree.findall(nodes.image):
        said = ALTS.get(Path(image["uri"]).stem)
        if said:
            image["alt"] = said


def setup(app):
    app.connect("doctree-read", describe)
