"""Every flow that a secret takes part in, failures included, against `tracera serve`; then the whole log is searched."""

import re
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from websockets.sync.client import connect
from websockets.typing import Origin

from app.accounts.api_keys import new_key
from tests.accounts.servers import github, oidc, steam
from tests.accounts.servers.mail import Mailbox, receiving
from tests.accounts.servers.wire import serving
from tests.accounts.support import AUTH
from tests.conftest import Site, start_site, stop_site, wait_for
from tests.logging.support import Person, is_record
from tests.upstream.data import World, synthetic
from tests.upstream.server import running

pytestmark = pytest.mark.slow
API = "/api/v1"
SHARED = "..shared-slots.data...shared-data.data...shared-state.children.."
MAILS = {"ada@example.org", "octocat@example.org", "old@example.org", "grace@example.org", "unreached@example.org"}


def settings_secrets() -> dict[str, str]:
    return {
        "TRACERA_SESSION_SECRET": "the secret of sessions, which is long enough",
        "TRACERA_GOOGLE_CLIENT_SECRET": "google-client-secret",
        "TRACERA_GITHUB_CLIENT_SECRET": "github-secret",
        "TRACERA_CSFLOAT_KEY": "a-key-at-csfloat",
        "TRACERA_PRICEEMPIRE_KEY": str(uuid.uuid4()),
        "TRACERA_SMTP_PASSWORD": "password-at-the-mail-server",
    }


@dataclass
class Around:
    """The site and what stands around it."""

    site: Site
    google: oidc.Oidc
    github: github.GitHub
    steam: steam.Steam
    mailbox: Mailbox
    close_mail: ExitStack
    secrets: set[str] = field(default_factory=set)

    def person(self) -> Person:
        return Person(self.site, self.secrets)


@pytest.fixture(params=["console", "json"])
def around(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Around]:
    with ExitStack() as opened, ExitStack() as mail:
        states = oidc.Oidc(), github.GitHub(), steam.Steam()
        google_url = opened.enter_context(serving(oidc.app(states[0])))
        github_url = opened.enter_context(serving(github.app(states[1])))
        steam_url = opened.enter_context(serving(steam.app(states[2])))
        mailbox = mail.enter_context(receiving())
        market, upstream = opened.enter_context(running(World(synthetic(20))))
        upstream.faults.add("denied", "priceempire")
        upstream.faults.add("denied", "csfloat")
        upstream.faults.add("500", "inventory")
        given = settings_secrets()
        site = start_site(
            tmp_path / "data",
            None,
            "app.cli",
            TRACERA_LOG_JSON="1" if request.param == "json" else "0",
            TRACERA_LOG_LEVEL="debug",
            TRACERA_ACCESS_LOG="1",
            TRACERA_SLOW_QUERY="0.000001",
            TRACERA_PROVIDERS="csfloat,priceempire",
            TRACERA_CSFLOAT_URL=market,
            TRACERA_PRICEEMPIRE_URL=market,
            TRACERA_STEAM_URL=market,
            TRACERA_RATES_URL="",
            TRACERA_GOOGLE_CLIENT_ID="google-id",
            TRACERA_GOOGLE_METADATA_URL=f"{google_url}/.well-known/openid-configuration",
            TRACERA_GITHUB_CLIENT_ID="github-id",
            TRACERA_GITHUB_URL=github_url,
            TRACERA_GITHUB_API_URL=github_url,
            TRACERA_STEAM_LOGIN="1",
            TRACERA_STEAM_OPENID_URL=f"{steam_url}/openid",
            TRACERA_SMTP_HOST="127.0.0.1",
            TRACERA_SMTP_PORT=str(mailbox.port),
            TRACERA_SMTP_SECURITY="none",
            TRACERA_SMTP_FROM="tracera@example.net",
            **given,
        )
        try:
            wait_for(lambda: site.get("/healthz")[0] == 200, 60, f"no answer; see {site.log}")
            yield Around(site, *states, mailbox, mail, {*given.values(), *MAILS})
        finally:
            if site.process.poll() is None:
                stop_site(site)


def sign_in_with_google(around: Around, person: Person) -> None:
    """Wrongly in each way first, then well."""
    back = person.back("google")
    assert person.get(re.sub("state=[^&]+", "state=another-state-of-nobody", back)).status_code == 400
    assert person.get(re.sub("code=[^&]+", "code=a-code-of-nobody", back)).status_code == 400
    around.google.foreign_key = True
    assert person.through("google").status_code == 400
    around.google.foreign_key = False
    around.google.with_id_token = False
    assert person.through("google").status_code == 400
    around.google.with_id_token = True
    state = person.leave("google").partition("state=")[2].partition("&")[0]
    told = "&error_description=token%3Dgiven-away%0aWARNING"
    assert person.get(f"{AUTH}/google/callback?error=access_denied&state={state}{told}").status_code == 403
    around.secrets.add("given-away")
    assert person.through("google").status_code == 303
    assert person.get(f"{AUTH}/me").json()["email"] == "ada@example.org"


def link_github_and_steam(around: Around, person: Person) -> None:
    around.github.emails = None
    back = person.back("github", link="true")
    assert person.get(back).status_code == 303
    assert person.get(back).status_code == 400  # used
    back = person.back("steam")
    assert person.get(back).status_code == 303
    assert person.get(back).status_code == 400
    around.steam.reply = "is_valid:false"
    assert person.through("steam").status_code == 400
    around.steam.reply = None


def sign_in_by_mail(around: Around) -> None:
    with around.person() as asking, around.person() as other:
        assert asking.send("POST", f"{AUTH}/magic-link", {"email": "grace@example.org"}).status_code == 202
        link = around.mailbox.link()
        around.secrets.add(link.partition("token=")[2])
        assert "grace@example.org" in other.open(link).text  # asks first
        assert asking.open(link).status_code == 303
        assert asking.get(link).status_code == 400
        assert other.get(f"{AUTH}/magic-link/verify?token=a-token-of-nobody").status_code == 400
    around.secrets.add("a-token-of-nobody")
    around.close_mail.close()
    with around.person() as late:
        assert late.send("POST", f"{AUTH}/magic-link", {"email": "unreached@example.org"}).status_code == 202
    wait_for(lambda: "could not be sent" in around.site.log.read_text(), 20, "the failed mail is not in the log")


def use_keys_and_links(around: Around, person: Person) -> tuple[str, str]:
    """A key and a share link, used well and wrongly; the wrong ones are secrets too."""
    made = person.send("POST", f"{AUTH}/keys", {"name": "script", "scope": "full"})
    assert made.status_code == 201, made.text
    key, wrong = made.json()["key"], new_key()
    share = person.send("POST", f"{API}/portfolio/shares", {"hide_quantities": True})
    assert share.status_code == 201, share.text
    token = share.json()["token"]
    around.secrets |= {key, wrong, token}
    with around.person() as script:
        assert script.get(f"{API}/portfolio", headers=bearer(key)).status_code == 200
        assert script.get(f"{API}/portfolio", headers=bearer(wrong)).status_code == 401
        assert script.get(f"{API}/portfolio/{key}?api_key={key}").status_code == 404
        assert script.get(f"{API}/shared/{token}").status_code == 200
        assert script.get(f"{API}/shared/{token[::-1]}").status_code == 404
        assert script.open(f"/shared/{token}").status_code == 200
        assert script.open(f"/shared/{token}%0a{wrong}").status_code == 404
    around.secrets.add(token[::-1])
    assert person.send("POST", f"{API}/portfolio/import").status_code >= 400
    csv = {"Content-Type": "text/csv", **bearer(key)}
    with around.person() as script:
        reply = script.request("POST", f"{API}/portfolio/transactions/csv", content=f"a,{key}\n1,2\n", headers=csv)
        assert reply.status_code == 400
        foreign = script.request("POST", f"{API}/portfolio/shares", headers={"Origin": f"https://{key}.example"})
        assert foreign.status_code in {400, 401, 403}
    return key, token


def break_everything(around: Around, person: Person, key: str, token: str) -> None:
    """Take the tables away: what holds a secret at that moment fails in the middle."""
    with psycopg.connect(around.site.endpoints().database_url, autocommit=True) as connection:
        for table in ("api_keys", "portfolio_shares", "users", "user_identities", "items"):
            connection.execute(f"ALTER TABLE {table} RENAME TO {table}_away")
        with pytest.raises(psycopg.errors.UniqueViolation):  # as when two browsers sign up at the same moment
            connection.execute(
                "INSERT INTO users_away (name, email, email_verified, session_key) VALUES ('Ada', %s, true, '')",
                ["ada@example.org"],
            )
    statuses = [
        person.get(f"{AUTH}/me").status_code,
        person.get(f"{API}/portfolio", headers=bearer(key)).status_code,
        person.callback("search-body.children", ("search-input", "value", "ak")).status_code,
    ]
    with around.person() as other:
        statuses += [
            other.get(f"{API}/shared/{token}").status_code,
            other.open(f"/shared/{token}").status_code,
            other.callback(SHARED, ("shared-clock", "n_intervals", 1), ("shared-token", "data", token)).status_code,
            other.through("google").status_code,
        ]
    around.secrets |= set(around.google.issued) | around.github.tokens | set(around.steam.issued)
    assert statuses.count(500) >= 4, statuses
    cookie = f"tracera_session={person.client.cookies['tracera_session']}"
    for headers in ({"Cookie": cookie}, bearer(key)):
        with (
            pytest.raises(Exception, match=r"HTTP|close"),
            connect(
                around.site.url.replace("http", "ws", 1) + f"{API}/ws?token={key}",
                origin=Origin(around.site.url),
                additional_headers=headers,
            ) as socket,
        ):
            socket.recv(5)


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_no_secret_of_any_flow_is_in_the_log(around: Around) -> None:
    with around.person() as person:
        sign_in_with_google(around, person)
        link_github_and_steam(around, person)
        sign_in_by_mail(around)
        key, token = use_keys_and_links(around, person)
        wait_for(lambda: around.site.log.read_text().count("cycle failed") >= 2, 30, "the providers did not fail")
        break_everything(around, person, key, token)
        time.sleep(0.5)
    stop_site(around.site)
    log = around.site.log.read_text()
    servers = "".join(path.read_text(errors="replace") for path in (around.site.data_dir / "log").glob("*"))
    longer = {secret for secret in around.secrets if len(secret) >= 8}
    assert len(longer) > 40
    for secret in longer:
        for part in (secret, secret[:16], secret[-16:]):
            assert part not in log, line_with(log, part)
            assert part not in servers, line_with(servers, part)
    # It tells of all that went wrong, so that there was something to hide.
    for told in (
        "/api/v1/shared/<string:token>",
        "/api/v1/ws",
        "slow query",
        "sign-in refused",
        "cycle failed",
        "could not be sent",
        "request failed",
        "Traceback",
    ):
        assert told in log, told
    assert re.search(r"[\"\s]user(?:\": ?|\S*=\S*?)\d", log), "no request of a known user"
    assert all(is_record(line) for line in log.splitlines() if line), "a line that is none of the log's"


def line_with(log: str, part: str) -> str:
    return f"{part}: " + "\n".join(line for line in log.splitlines() if part in line)[:2_000]
