"""How a cluster is reached and trusted: kubeconfig files, TLS, and EKS' own tokens."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import json
import ssl
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from botocore.credentials import Credentials
from botocore.session import Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from urllib3.exceptions import InsecureRequestWarning

from bursar.adapters.kubernetes_api.access import ClientCertificate, ClusterAccess
from bursar.adapters.kubernetes_api.eks_token import EksToken
from bursar.adapters.kubernetes_api.kubeconfig import KubeconfigError, read_kubeconfig
from bursar.adapters.kubernetes_api.transport import KubernetesTransport
from bursar.domain.cluster.records import ClusterUnreadableError


def self_signed() -> tuple[bytes, bytes]:
    """A certificate for 127.0.0.1 and its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "cluster")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    return certificate.public_bytes(pem), key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


CERTIFICATE, KEY = self_signed()
AUTHORITY = base64.b64encode(CERTIFICATE).decode()


@pytest.fixture
def https(tmp_path: Path) -> Iterator[str]:
    """An HTTPS server that wants a client certificate and answers whose it got."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            peer = self.connection.getpeercert()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"certificate": bool(peer)}).encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    paths = tmp_path / "server.crt", tmp_path / "server.key"
    paths[0].write_bytes(CERTIFICATE)
    paths[1].write_bytes(KEY)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(paths[0]))
    context.load_cert_chain(*paths)
    context.verify_mode = ssl.CERT_OPTIONAL
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"https://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def get(access: ClusterAccess) -> Any:
    transport = KubernetesTransport(access)
    try:
        return json.loads(transport.get("/version"))
    finally:
        transport.close()


def test_the_clusters_own_authority_is_trusted(https: str) -> None:
    assert get(ClusterAccess(https, certificate_authority=AUTHORITY)) == {"certificate": False}


def test_another_authority_is_not(https: str) -> None:
    other = base64.b64encode(self_signed()[0]).decode()
    for authority in (other, None):
        with pytest.raises(ClusterUnreadableError, match="CERTIFICATE_VERIFY_FAILED"):
            get(ClusterAccess(https, certificate_authority=authority))


def test_nothing_is_checked_only_when_that_is_said(https: str) -> None:
    with pytest.warns(InsecureRequestWarning):
        assert get(ClusterAccess(https, insecure=True)) == {"certificate": False}


def test_a_client_certificate_is_presented(https: str) -> None:
    access = ClusterAccess(
        https,
        certificate_authority=AUTHORITY,
        client_certificate=ClientCertificate(CERTIFICATE, KEY),
    )
    assert get(access) == {"certificate": True}
    assert "PRIVATE" not in repr(access)


def kubeconfig(
    folder: Path, user: dict[str, Any] | None = None, cluster: dict[str, Any] | None = None
) -> Path:
    path = folder / "config"
    content = {
        "clusters": [{"name": "c", "cluster": {"server": "https://k:6443", **(cluster or {})}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [
            {"name": "here", "context": {"cluster": "c", "user": "u"}},
            {"name": "no-cluster", "context": {"cluster": "gone", "user": "u"}},
            {"name": "no-user", "context": {"cluster": "c", "user": "gone"}},
        ],
        "current-context": "here",
    }
    path.write_text(yaml.safe_dump(content))
    return path


def token_of(path: Path) -> str:
    token = read_kubeconfig(path).token
    assert token is not None
    return token()


def test_the_current_context_names_server_authority_and_token(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, {"token": "t0"}, {"certificate-authority-data": AUTHORITY})
    access = read_kubeconfig(path)
    assert (access.endpoint, access.certificate_authority) == ("https://k:6443", AUTHORITY)
    assert (access.insecure, access.client_certificate, token_of(path)) == (False, None, "t0")


def test_files_are_found_beside_the_kubeconfig(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(CERTIFICATE)
    (tmp_path / "client.pem").write_bytes(b"certificate")
    user = {
        "client-certificate": "client.pem",
        "client-key-data": base64.b64encode(b"key").decode(),
    }
    access = read_kubeconfig(kubeconfig(tmp_path, user, {"certificate-authority": "ca.pem"}))
    assert access.certificate_authority == AUTHORITY
    assert access.client_certificate == ClientCertificate(b"certificate", b"key")


def test_a_token_file_is_read_each_time(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, {"tokenFile": "token", "token": "stale"})
    token = read_kubeconfig(path).token
    assert token is not None
    for content in ("first", "second"):
        (tmp_path / "token").write_text(content)
        assert token() == content


def test_insecure_is_only_what_the_file_says(tmp_path: Path) -> None:
    assert read_kubeconfig(kubeconfig(tmp_path, None, {"insecure-skip-tls-verify": True})).insecure


@pytest.mark.parametrize(
    ("context", "said"),
    [
        ("elsewhere", "no context 'elsewhere'"),
        ("no-cluster", "no cluster 'gone'"),
        ("no-user", "no user 'gone'"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, context: str, said: str) -> None:
    with pytest.raises(KubeconfigError, match=said):
        read_kubeconfig(kubeconfig(tmp_path), context)


def test_what_is_no_kubeconfig_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config"
    for content in ("- a\n- list", "{", "clusters: 3"):
        path.write_text(content)
        with pytest.raises(KubeconfigError, match="is not a kubeconfig"):
            read_kubeconfig(path)
    with pytest.raises(KubeconfigError, match="is not a kubeconfig"):
        read_kubeconfig(tmp_path / "absent")
    path.write_text("{}")
    with pytest.raises(KubeconfigError, match="no current-context"):
        read_kubeconfig(path)
    with pytest.raises(KubeconfigError, match=r"ca\.pem cannot be read"):
        read_kubeconfig(kubeconfig(tmp_path, None, {"certificate-authority": "ca.pem"}))
    with pytest.raises(KubeconfigError, match="needs its key"):
        read_kubeconfig(kubeconfig(tmp_path, {"client-certificate-data": AUTHORITY}))


def plugin(code: str) -> dict[str, Any]:
    env = [{"name": "WHO", "value": "ada"}]
    return {"exec": {"command": sys.executable, "args": ["-c", code], "env": env}}


def test_a_plugin_is_run_for_a_token(tmp_path: Path) -> None:
    code = (
        "import json, os; info = json.loads(os.environ['KUBERNETES_EXEC_INFO']);"
        "print(json.dumps({**info, 'status': {'token': 'for-' + os.environ['WHO']}}))"
    )
    assert token_of(kubeconfig(tmp_path, plugin(code))) == "for-ada"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import sys; sys.exit('sso session expired')", "failed with status 1: sso session"),
        ("print('hello')", "answered no ExecCredential"),
        ("print('{}')", "answered a credential without a token"),
    ],
)
def test_a_plugin_that_fails_says_why(tmp_path: Path, code: str, said: str) -> None:
    with pytest.raises(KubeconfigError, match=said):
        token_of(kubeconfig(tmp_path, plugin(code)))


def test_a_plugin_that_is_not_installed_is_named(tmp_path: Path) -> None:
    user = {"exec": {"command": "no-such-plugin-here"}}
    with pytest.raises(KubeconfigError, match="no-such-plugin-here did not run"):
        token_of(kubeconfig(tmp_path, user))


class StaticSession(Session):
    def get_credentials(self) -> Credentials:
        return Credentials("AKIDEXAMPLE", "secret", "session")


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-west-1", "sts.eu-west-1.amazonaws.com"),
        ("cn-north-1", "sts.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_an_eks_token_is_a_signed_question_that_names_the_cluster(region: str, host: str) -> None:
    token = EksToken("ml", region, StaticSession())()
    prefix, _, encoded = token.partition(".")
    assert (prefix, encoded.count("=")) == ("k8s-aws-v1", 0)
    url = urlsplit(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode())
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert (url.scheme, url.netloc, url.path) == ("https", host, "/")
    assert (query["Action"], query["Version"]) == ("GetCallerIdentity", "2011-06-15")
    assert query["X-Amz-SignedHeaders"] == "host;x-k8s-aws-id"
    assert query["X-Amz-Expires"] == "60"
    assert query["X-Amz-Credential"].endswith(f"/{region}/sts/aws4_request")
    assert query["X-Amz-Security-Token"] == "session"


def test_the_cluster_is_part_of_the_signature() -> None:
    def signature(cluster: str) -> str:
        return EksToken(cluster, "eu-west-1", StaticSession())()

    assert signature("one") != signature("other")


def test_without_credentials_there_is_no_token() -> None:
    class NobodySession(Session):
        def get_credentials(self) -> None:
            return None

    with pytest.raises(ClusterUnreadableError, match="no token for ml: NoCredentialsError"):
        EksToken("ml", "eu-west-1", NobodySession())()
