"""Configuration of the documentation site; ``make docs`` builds it."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs" / "_ext")]

from tfenv_lab._version import __version__  # noqa: E402

project = "tfenv_lab"
author = "tfenv_lab contributors"
copyright = f"2026, {author}"
version = release = __version__

extensions = ["myst_parser", "sphinx_copybutton", "sphinxcontrib.mermaid", "rendered"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
# The pages can be read on GitHub, too, where “```mermaid” is a diagram.
myst_fence_as_directive = ["mermaid"]
exclude_patterns = ["_build"]
# Prompts are not part of what a reader copies.
copybutton_prompt_text = "$ "

html_theme = "pydata_sphinx_theme"
html_title = "tfenv_lab"
html_theme_options = {
    "github_url": "https://github.com/tfenv-lab/tfenv_lab",
    "navigation_with_keys": False,
    "show_prev_next": True,
}
html_show_sourcelink = False
