"""``jupyter tfenv``: the services without a browser, for container images, scripts and administrators."""
