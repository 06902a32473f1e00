"""Nobody sees a page without signing in at a real OpenID Connect provider, and only who is invited after it."""

from __future__ import annotations

import importlib.util
import json
import socket
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest

from dashboards.shell.words import catalogue
from tests.dashboards.browsing import PATIENCE_MS
from tests.dashboards.conftest import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_LACKING = [name for name in ("authlib", "httpx", "oidc_provider_mock") if importlib.util.find_spec(name) is None]
if _LACKING:
    pytest.skip(
        f"{', '.join(_LACKING)} not installed: pip install 'trafficdiff[login]' oidc-provider-mock",
        allow_module_level=True,
    )

WORDS = catalogue("en")
_PEOPLE = (
    {"sub": "ann", "email": "ann@city.example", "email_verified": True, "name": "Ann Planner"},
    {"sub": "bob", "email": "bob@elsewhere.example", "email_verified": True},
    {"sub": "eve", "email": "eve@city.example", "email_verified": False},
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """A provider on this machine that knows three people and asks no password."""
    port = free_port()
    known = [word for person in _PEOPLE for word in ("--user-claims", json.dumps(person))]
    command = [sys.executable, "-m", "oidc_provider_mock", "-p", str(port), *known]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        address = f"http://127.0.0.1:{port}"
        try:
            _wait_for(f"{address}/.well-known/openid-configuration")
            yield address
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def address(provider: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard for the people of one city; the secrets lie outside of its folder."""
    port, folder = free_port(), tmp_path_factory.mktemp("invited")
    (folder / "city").mkdir()
    secrets = folder / "secrets.toml"
    secrets.write_text(
        f'[auth]\nredirect_uri = "http://localhost:{port}/oauth2callback"\ncookie_secret = "{"x1y2" * 10}"\n'
        f'client_id = "dashboard"\nclient_secret = "s"\n'
        f'server_metadata_url = "{provider}/.well-known/openid-configuration"\n'
    )
    with served(folder / "city", "--port", str(port), "--secrets", str(secrets), "--allow", "@city.example"):
        yield f"http://localhost:{port}"


def _wait_for(url: str) -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"{url} does not answer")


def words(tab: Page) -> str:
    """Return what the page says once it says something."""
    main = tab.get_by_test_id("stMain")
    main.get_by_role("heading").first.wait_for(timeout=PATIENCE_MS)
    return main.inner_text()


def signed_in(browser: Browser, address: str, who: str) -> Page:
    """Return a tab of somebody who has signed in."""
    tab = browser.new_context(locale="en-GB").new_page()
    tab.route("**/*", lambda route: route.abort() if "//cdn." in route.request.url else route.continue_())
    tab.goto(address)
    tab.get_by_role("button", name=WORDS["shell.sign_in"]).click()
    tab.wait_for_url("**/oauth2/authorize**", timeout=PATIENCE_MS)
    tab.fill("input[name=sub]", who)
    tab.locator("button").first.click()
    tab.wait_for_url(f"{address}/**", timeout=PATIENCE_MS)
    return tab


@pytest.mark.parametrize("page", ["", "scenario", "run", "congestion", "compare", "model", "charging"])
def test_nobody_sees_a_page_without_signing_in(browser: Browser, address: str, page: str) -> None:
    tab = browser.new_context(locale="en-GB").new_page()
    tab.goto(f"{address}/{page}")
    assert WORDS["shell.sign_in_why"] in words(tab)
    assert tab.get_by_test_id("stSidebarNav").count() == 0
    tab.context.close()


def test_an_invited_person_sees_the_pages_until_signing_out(browser: Browser, address: str) -> None:
    tab = signed_in(browser, address, "ann")
    tab.get_by_text("Ann Planner").wait_for(timeout=PATIENCE_MS)
    assert WORDS["start.heading"] in words(tab)
    tab.get_by_role("button", name=WORDS["shell.sign_out"]).click()
    tab.wait_for_url("**/oauth2/end_session**", timeout=PATIENCE_MS)  # the provider ends its own session, too
    tab.goto(f"{address}/congestion")
    tab.get_by_role("button", name=WORDS["shell.sign_in"]).wait_for(timeout=PATIENCE_MS)
    tab.context.close()


@pytest.mark.parametrize(("who", "why"), [("bob", "shell.not_admitted"), ("eve", "shell.not_confirmed")])
def test_others_are_told_why_they_stay_outside(browser: Browser, address: str, who: str, why: str) -> None:
    tab = signed_in(browser, address, who)
    person = next(one for one in _PEOPLE if one["sub"] == who)
    tab.get_by_text(str(person["email"])).wait_for(timeout=PATIENCE_MS)
    said = words(tab).replace("\n", " ")
    assert WORDS[why].split("{who}")[1].strip(" ,.")[:40] in said
    assert tab.get_by_test_id("stSidebarNav").count() == 0
    tab.context.close()
