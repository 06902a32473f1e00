"""Hold what pages share: the catalogue of words, the view in the URL, the settings, the frame around a page."""
