"""JupyterLab as the browser tests use it: no token, Galata's own helper, nothing of the user's settings."""

from jupyterlab.galata import configure_jupyter_server

configure_jupyter_server(c)  # noqa: F821
c.ServerApp.allow_root = True  # noqa: F821
# News would ask whether to fetch them, over the page.
c.LabApp.news_url = None  # noqa: F821
