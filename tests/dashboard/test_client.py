"""A dashboard that is asked: tokens, refusals, silence."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from raystudy.dashboard.client import Dashboard, is_dashboard, opened
from raystudy.errors import ClusterError
from tests.fakes.page import page
from tests.fakes.ray_dashboard import FakeDashboard


def self_signed(file: Path) -> Path:
    """Write a certificate for localhost, and its key."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    made = x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key(), serial_number=1)
    made = made.not_valid_before(datetime.now(UTC) - timedelta(1)).not_valid_after(datetime.now(UTC) + timedelta(1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=True)
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(pem) + secret)
    return file


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Begin without any token."""
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    monkeypatch.delenv("RAY_AUTH_TOKEN_PATH", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.mark.parametrize("where", ["RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "HOME"])
def test_a_token_is_found_where_ray_keeps_it(
    fake: FakeDashboard, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the environment, in the file that it names, in the home."""
    fake.token = "secret"
    file = tmp_path / "home" / ".ray" / "auth_token"
    file.parent.mkdir(parents=True)
    if where == "RAY_AUTH_TOKEN":
        monkeypatch.setenv(where, "secret")
    elif where == "RAY_AUTH_TOKEN_PATH":
        monkeypatch.setenv(where, str(tmp_path / "token"))
        (tmp_path / "token").write_text("secret\n")
    else:
        file.write_text("secret\n")

    assert 1 == len(opened(fake.url, insecure=False).jobs())


@pytest.mark.parametrize(("token", "said"), [(None, "which is missing"), ("wrong", "which is not the one")])
def test_no_token_or_a_wrong_one_says_where_they_lie(
    fake: FakeDashboard, token: str | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence names the places and the command."""
    fake.token = "secret"
    if token:
        monkeypatch.setenv("RAY_AUTH_TOKEN", token)

    with pytest.raises(ClusterError, match=rf"{said}.*RAY_AUTH_TOKEN_PATH.*ray get-auth-token"):
        opened(fake.url, insecure=False).jobs()


def test_silence_is_told() -> None:
    """A port where nothing listens: the sentence shows what an address looks like."""
    with pytest.raises(ClusterError, match="No Ray dashboard answers at http"):
        Dashboard("http://127.0.0.1:1").jobs()


@pytest.mark.parametrize("body", [b"<html>", b"", b"null", b"[1]", b'{"error": "no"}', b"\xff{"])
def test_another_server_is_told(body: bytes) -> None:
    """A page instead of JSON, nothing, or other JSON: some other program listens there."""
    with page(200, body) as port, pytest.raises(ClusterError, match="is no Ray dashboard"):
        Dashboard(f"http://127.0.0.1:{port}").jobs()


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (502, b"<html>\n<h1>502</h1>\n</html>\n", "answers 502: Bad Gateway"),
        (502, b"", "answers 502: Bad Gateway"),
        (500, b"Traceback\nValueError: no", "answers 500: ValueError: no"),
        (403, b"<html>by our policy</html>", "answers 403: Forbidden"),
    ],
)
def test_a_refusal_is_told_in_words(status: int, body: bytes, said: str) -> None:
    """Of a page only what its code means; where no token was shown, 403 says nothing of one."""
    with page(status, body) as port, pytest.raises(ClusterError, match=said):
        Dashboard(f"http://127.0.0.1:{port}").jobs()


def test_a_token_goes_nowhere_else(fake: FakeDashboard) -> None:
    """Where a server sends us on, even to a dashboard that takes this token: it is not followed."""
    fake.token = "secret"
    with page(301, b"", location=f"{fake.url}/api/jobs/") as port, pytest.raises(ClusterError, match="sends us on to"):
        Dashboard(f"http://127.0.0.1:{port}", token="secret").jobs()


def test_a_certificate_is_trusted_as_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that nobody signed is a sentence, until SSL_CERT_FILE names it."""
    certificate = self_signed(tmp_path / "certificate.pem")
    with page(200, b"[]", certificate=certificate) as port:
        url = f"https://localhost:{port}"
        with pytest.raises(ClusterError, match=r"is not trusted: self-signed certificate.*SSL_CERT_FILE"):
            Dashboard(url).jobs()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

        assert () == Dashboard(url).jobs()


def test_what_is_no_address_is_told() -> None:
    """HOST:6379 is Ray's, but not the dashboard's."""
    with pytest.raises(ClusterError, match="no address of a Ray dashboard"):
        opened("head:6379", insecure=False)


@pytest.mark.parametrize("url", ["http://[bad:8265", "http://a b:80", f"http://{'a' * 70}.example", "http://x:y"])
def test_a_bad_address_is_a_sentence(url: str) -> None:
    """Whatever is wrong with it, the sentence shows what an address looks like."""
    with pytest.raises(ClusterError, match="Give http://HEAD:8265"):
        opened(url, insecure=False).jobs()


def test_an_address_is_taken_as_a_browser_shows_it(fake: FakeDashboard) -> None:
    """With the page that it is at, and the scheme in any letters."""
    url = f"{fake.url.replace('http', 'HTTP')}/#/jobs"

    assert is_dashboard(url)
    assert 1 == len(opened(url, insecure=False).jobs())


def test_a_package_is_sent_once(fake: FakeDashboard) -> None:
    """The head is asked for it first."""
    dashboard = Dashboard(fake.url)
    first, held = dashboard.keep(b"a"), dict(fake.packages)
    fake.packages[next(iter(held))] = b"as it was"

    assert first == dashboard.keep(b"a")
    assert [b"as it was"] == list(fake.packages.values())
