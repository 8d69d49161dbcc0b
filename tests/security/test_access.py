"""Hosts, origins, keys, rates and headers, asked over real connections."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from moviegenre.apps.service.access.exposure import Access, address_of, decide_access
from moviegenre.apps.service.access.headers import SECURITY_HEADERS
from moviegenre.apps.service.access.keys import ApiKeys, read_keys
from moviegenre.apps.service.access.rates import TokenBuckets
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.core.errors import ConfigError
from tests.security.served import Served, served

KEY, OTHER_KEY = "k" * 32, "m" * 32
SETTINGS = ServiceSettings(max_wait_ms=0)


@pytest.fixture(scope="module")
def local() -> Iterator[Served]:
    """Return a server that listens on this machine only."""
    with served() as running:
        yield running


@pytest.fixture(scope="module")
def public() -> Iterator[Served]:
    """Return one that believes that it listens beyond, with a key and a name."""
    access = Access(
        names=frozenset({"films.example.org"}), is_public=True, keys=ApiKeys([KEY, OTHER_KEY])
    )
    roomy = ServiceSettings(max_wait_ms=0, requests_per_second=0)
    with served(roomy, access, has_metrics_port=True) as running:
        yield running


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8000",
        "LOCALHOST",
        "127.0.0.1",
        "127.8.9.1:1",
        "[::1]:8000",
        "[0::1]",
    ],
)
def test_names_of_this_machine_are_served(local: Served, host: str) -> None:
    assert local.ask(host=host).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "192.0.2.1",
        "0.0.0.0",
        "[::]",
        "[::ffff:192.0.2.1]",
        "localhost.",
        "2130706433",
        "films.example.org",
    ],
)
def test_other_hosts_are_misdirected(local: Served, host: str) -> None:
    for answer in (local.ask(host=host), local.predict(host=host)):
        assert answer.status == 421
        assert answer.error == "the Host of the request is not served here; --allow-host adds names"


@pytest.mark.parametrize(
    "host",
    [
        "",
        "a b",
        "user@localhost",
        "localhost:port",
        "localhost:99999",
        "http://localhost",
        "[::1",
        "l%6Fcalhost",
    ],
)
def test_malformed_hosts_are_refused(local: Served, host: str) -> None:
    answer = local.ask(host=host)
    assert answer.status == 400, answer
    assert answer.error


@pytest.mark.parametrize(
    "request_head",
    [
        b"GET /healthz HTTP/1.0\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        b"GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /healthz HTTP/1.1\nHost : localhost\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n" * 9,
    ],
)
def test_odd_heads_are_refused_in_our_shape(local: Served, request_head: bytes) -> None:
    answer = local.raw(request_head)
    assert answer.status in {400, 431}
    assert answer.error
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_forwarded_host_is_not_believed(local: Served) -> None:
    head = ("X-Forwarded-Host: localhost", "Forwarded: host=localhost")
    assert local.ask("/healthz", *head, host="evil.example").status == 421
    assert local.ask("/healthz", "X-Forwarded-Host: evil.example").status == 200


OWN = ["http://localhost", "http://LOCALHOST", "http://localhost:80", "HTTP://localhost"]


@pytest.mark.parametrize("origin", OWN)
def test_the_own_origin_may_ask(local: Served, origin: str) -> None:
    assert local.predict(f"Origin: {origin}", "Sec-Fetch-Site: same-origin").status == 200


def test_clients_that_are_no_browsers_may_ask(local: Served) -> None:
    assert local.predict().status == 200
    assert local.predict("Sec-Fetch-Site: none").status == 200
    assert local.predict("Origin: http://localhost:8000", host="localhost:8000").status == 200
    assert local.predict("Origin: https://localhost", host="localhost:443").status == 200
    assert local.predict("Origin: http://[::1]:8000", host="[0::1]:8000").status == 200


FOREIGN = {
    "null": ("Origin: null",),
    "empty": ("Origin: ",),
    "another": ("Origin: http://evil.example",),
    "above": ("Origin: http://localhost.evil.example",),
    "below": ("Origin: http://evil.localhost",),
    "port": ("Origin: http://localhost:8001",),
    "scheme": ("Origin: https://localhost:80808",),
    "user": ("Origin: http://localhost@evil.example",),
    "path": ("Origin: http://localhost/",),
    "query": ("Origin: http://localhost?x",),
    "extension": ("Origin: chrome-extension://localhost",),
    "two": ("Origin: http://localhost", "Origin: http://evil.example"),
    "list": ("Origin: http://localhost http://evil.example",),
    "cross site": ("Sec-Fetch-Site: cross-site",),
    "same site": ("Origin: http://localhost", "Sec-Fetch-Site: same-site"),
    "two sites": ("Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: cross-site"),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_pages_of_other_origins_may_not_ask(local: Served, case: str) -> None:
    before = len(local.predictor.batches)
    answer = local.predict(*FOREIGN[case])
    assert (answer.status, answer.error) == (403, "the request comes from a page of another origin")
    assert len(local.predictor.batches) == before


def test_rebinding_meets_the_host_check(local: Served) -> None:
    # To the browser, evil.example is this machine now, and the origin is its own.
    answer = local.predict("Origin: http://evil.example:8000", host="evil.example:8000")
    assert answer.status == 421


@pytest.mark.parametrize("path", ["/predict", "/predict/batch", "/model", "/docs", "/nowhere"])
def test_other_origins_are_told_nothing(local: Served, path: str) -> None:
    for method in ("GET", "OPTIONS", "POST"):
        head = ("Origin: http://evil.example", "Access-Control-Request-Method: POST")
        answer = local.ask(path, *head, method=method)
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_every_answer_has_the_headers(local: Served, public: Served) -> None:
    answers = [
        local.ask("/healthz"),
        local.ask("/model"),
        local.ask("/docs"),
        local.ask("/docs/assets/swagger-ui.css"),
        local.ask("/nowhere"),
        local.ask("/predict"),
        local.predict(),
        local.predict("Origin: null"),
        local.ask(host="evil.example"),
        local.ask("/predict", method="POST", body=b"{"),
        local.ask("/predict", method="POST", body=b'{"plot": "crash"}'),
        local.raw(b"no http\r\n\r\n"),
        public.ask("/model"),
    ]
    statuses = [200, 200, 200, 200, 404, 405, 200, 403, 421, 400, 500, 400, 401]
    assert [answer.status for answer in answers] == statuses
    for answer in answers:
        for name, value in SECURITY_HEADERS.items():
            if name == "Content-Security-Policy":
                assert "frame-ancestors 'none'" in answer.headers[name.lower()]
                assert "unsafe" not in answer.headers[name.lower()]
            else:
                assert answer.headers[name.lower()] == value
        assert "server" not in answer.headers


def test_a_key_is_needed_and_taken_in_two_ways(public: Served) -> None:
    host = "films.example.org"
    for head in (
        f"Authorization: Bearer {KEY}",
        f"authorization: bearer {KEY}",
        f"X-API-Key: {OTHER_KEY}",
    ):
        assert public.predict(head, host=host).status == 200
    for head in (
        "Accept: */*",
        f"Authorization: Bearer {KEY[:-1]}",
        f"Authorization: Bearer {KEY}x",
        "Authorization: Bearer ",
        f"Authorization: Basic {KEY}",
        f"Authorization: {KEY}",
        "X-API-Key: ",
        "X-API-Key: \u00e9",
        f"Cookie: key={KEY}",
    ):
        answer = public.predict(head, host=host)
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == 'Bearer realm="moviegenre"'
        assert KEY not in answer.error
    two = public.predict(f"X-API-Key: {KEY}", f"Authorization: Bearer {KEY}", host=host)
    assert two.status == 401, "which of the two is meant?"


def test_what_is_open_without_a_key(public: Served) -> None:
    statuses = {
        path: public.ask(path).status
        for path in (
            "/healthz",
            "/readyz",
            "/model",
            "/docs",
            "/openapi.json",
            "/healthz/",
            "//healthz",
            "/",
        )
    }
    assert statuses == {
        "/healthz": 200,
        "/readyz": 200,
        "/model": 401,
        "/docs": 401,
        "/openapi.json": 401,
        "/healthz/": 401,
        "//healthz": 401,
        "/": 404,  # the page's, which is not served here
    }
    assert public.ask("/", method="POST").status == 401
    assert public.ask("/predict/../healthz", method="POST").status == 401


def test_numbers_have_a_port_of_their_own(public: Served) -> None:
    assert public.metrics_port is not None
    answer = public.ask("/metrics", port=public.metrics_port)
    assert answer.status == 200
    assert b"moviegenre_requests_total" in answer.body
    assert public.ask("/metrics", f"X-API-Key: {KEY}").status == 404
    for path in ("/healthz", "/model", "/predict"):
        assert public.ask(path, port=public.metrics_port).status == 404
    assert public.ask("/metrics", host="evil.example", port=public.metrics_port).status == 421


def test_numbers_are_not_shown_to_everybody() -> None:
    with served(access=Access(names=frozenset({"films.example.org"}), is_public=True)) as running:
        for path in ("/metrics", "/metrics/"):
            assert running.ask(path).status == 404
        assert running.ask("/healthz", host="films.example.org").status == 200
    with served(access=Access(is_public=True, keys=ApiKeys([KEY]))) as running:
        assert running.ask("/metrics").status == 401
        assert running.ask("/metrics", f"X-API-Key: {KEY}").status == 200


def test_a_client_that_asks_too_often_has_to_wait() -> None:
    settings = ServiceSettings(max_wait_ms=0, requests_per_second=0.5, request_burst=3)
    with served(settings) as running:
        answers = [running.predict() for _ in range(5)]
        assert [answer.status for answer in answers] == [200, 200, 200, 429, 429]
        assert answers[-1].headers["retry-after"] in {"1", "2"}
        assert answers[-1].error == "this client sends too many requests; try again later"
        forwarded = running.predict("X-Forwarded-For: 203.0.113.9", "X-Real-IP: 203.0.113.9")
        assert forwarded.status == 429, "no proxy is trusted"


def test_behind_a_trusted_proxy_its_clients_are_limited() -> None:
    settings = ServiceSettings(max_wait_ms=0, requests_per_second=0.01, request_burst=1)
    with served(settings, Access(proxies=("127.0.0.0/8",))) as running:
        for address, status in (
            ("203.0.113.9", 200),
            ("203.0.113.9", 429),
            ("198.51.100.1, 203.0.113.9", 429),  # what the client itself wrote is not believed
            ("198.51.100.1, 127.0.0.3", 200),
            ("2001:db8::1", 200),
            ("2001:db8::ffff", 429),
            ("2001:db8:0:1::1", 200),
            ("made up", 200),
            ("also made up", 429),
        ):
            assert running.predict(f"X-Forwarded-For: {address}").status == status, address


def test_each_key_has_a_rate_of_its_own() -> None:
    settings = ServiceSettings(max_wait_ms=0, requests_per_second=0.01, request_burst=1)
    access = Access(proxies=("127.0.0.1",), keys=ApiKeys([KEY, OTHER_KEY]))
    with served(settings, access) as running:
        statuses = [
            running.predict(f"X-API-Key: {key}", f"X-Forwarded-For: 203.0.113.{number}").status
            for number, key in enumerate([KEY, KEY, OTHER_KEY])
        ]
    assert statuses == [200, 429, 200]


def test_the_table_of_clients_is_bounded() -> None:
    now = [0.0]
    buckets = TokenBuckets(1.0, burst=2, max_clients=100, clock=lambda: now[0])
    assert [buckets.take("a") for _ in range(3)] == [0.0, 0.0, 1.0]
    now[0] = 0.25
    assert buckets.take("a") == pytest.approx(0.75)
    now[0] = 1e9
    assert [buckets.take("a") for _ in range(3)] == [0.0, 0.0, 1.0]
    for number in range(1000):
        buckets.take(str(number))
    assert len(buckets) == 100


def test_keys_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"# of the shop\n{KEY}\n\n  {OTHER_KEY}  \n", encoding="utf-8")
    path.chmod(0o600)
    keys = read_keys(path)
    assert [keys.number_of(key) for key in (KEY, OTHER_KEY, "x", "")] == [1, 2, None, None]


@pytest.mark.parametrize(
    ("content", "mode", "fault"),
    [
        (KEY, 0o644, "every user can open this file; run: chmod 600"),
        (
            "# none\n",
            0o600,
            "has no key; expected one per line; make one with: openssl rand -hex 32",
        ),
        ("", 0o600, "has no key"),
        ("\nshort\n", 0o600, "the key in line 2 has 5 characters; expected at least 20"),
        ("a key with spaces in it, long", 0o600, "characters other than printable ASCII"),
        ("k\u00e9y" * 10, 0o600, "characters other than printable ASCII"),
        (b"\xff\xfe" * 20, 0o600, "is not text; expected one key per line"),
        (None, 0o600, "cannot be read: No such file or directory"),
    ],
)
def test_a_bad_file_of_keys_is_refused(
    content: str | bytes | None, mode: int, fault: str, tmp_path: Path
) -> None:
    path = tmp_path / "keys"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(mode)
    with pytest.raises(ConfigError) as error:
        read_keys(path)
    assert str(error.value).startswith(f"--api-key-file {path}: ")
    assert fault in str(error.value)
    assert not isinstance(content, str) or len(content) < 9 or content not in str(error.value)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "192.0.2.1"])
def test_what_is_beyond_this_machine_needs_a_name(host: str) -> None:
    address = address_of(host)
    with pytest.raises(ConfigError) as error:
        decide_access(address)
    whom = (
        "everyone who can reach 192.0.2.1"
        if host == "192.0.2.1"
        else "every network of this machine"
    )
    assert str(error.value) == (
        f"--host {address} shows the service to {whom}; name the host that clients use: "
        "--allow-host films.example.org (and --api-key-file FILE to require a key)"
    )
    access = decide_access(address, allow_hosts=["Films.Example.org", "fe80::1", "[2001:DB8::1]"])
    assert access.is_public
    assert access.names == {"films.example.org", "fe80::1", "2001:db8::1"}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.9", "::1"])
def test_this_machine_needs_none(host: str) -> None:
    assert not decide_access(address_of(host)).is_public
    assert not decide_access(address_of(host), allow_hosts=["localhost"]).is_public
    assert decide_access(address_of(host), allow_hosts=["films.example.org"]).is_public


@pytest.mark.parametrize(
    "name", ["", "*", "*.example.org", "http://a.org", "a.org:80", "a b", "a/b"]
)
def test_a_host_that_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="expected the name or address that clients use"):
        decide_access("127.0.0.1", allow_hosts=[name])


def test_other_options_are_checked() -> None:
    with pytest.raises(ConfigError, match="--trust-proxy: 'proxy' does not appear to be an IPv4"):
        decide_access("127.0.0.1", trust_proxies=["proxy"])
    with pytest.raises(ConfigError, match="is neither an address nor a known name of this machine"):
        address_of("no-such-host.invalid")
