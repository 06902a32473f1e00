"""Show scenarios, runs and comparisons in a browser; pages stay thin over the package.

``shell/app.py`` is what Streamlit runs, ``shell/`` holds what pages share, ``pages/`` one file a page, ``words/`` every
text.
"""
