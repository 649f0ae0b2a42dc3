"""``jupyter tfenv``: the same services without a browser, for images, scripts and administrators."""
