"""Run the dashboard: ``trafficdiff serve`` hands this file to Streamlit.

It does not lie beside ``pages/``: Streamlit would take the files in there for pages of its older kind until somebody
has opened the first page, and answer a link to any other page with an empty one.
"""

import sys
from pathlib import Path

if (_root := str(Path(__file__).resolve().parents[2])) not in sys.path:
    sys.path.insert(0, _root)  # the checkout, or what travels in the wheel

from dashboards.shell import frame, pages, visitors

frame.header()
if visitors.is_admitted():
    page = pages.navigation()
    frame.name_tab(page.title)
    frame.sidebar()
    page.run()
    frame.footer()
else:
    visitors.ask_to_sign_in()
