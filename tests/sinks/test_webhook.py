import base64
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pipeline.errors import UsageError
from pipeline.ledger import Parcel
from pipeline.secrets import Secret
from pipeline.settings import WebhookSettings
from pipeline.sinks.webhook import WebhookSink, retry_after, signing_key
from tests.builders import alert

KEY = b"0123456789abcdef0123456789abcdef"
SECRET = Secret("whsec_" + base64.b64encode(KEY).decode())


@pytest.fixture
def receiver():
    """A web server on loopback that answers what it is told to."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            server.got.append((self.path, dict(self.headers.items()), body))
            status, headers = server.answers.pop(0) if server.answers else (204, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.got, server.answers = [], []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_port}/hook/token-1234?key=hush"
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def sink(url, **changes):
    return WebhookSink(
        url, WebhookSettings(**({"allow_private": True, "secret": SECRET} | changes)), lambda: 1700000000
    )


def parcel(seq):
    return Parcel(seq, "alert", f"id{seq}", alert(id=f"id{seq}").model_dump_json().encode(), 0.0)


def test_an_alert_is_posted_as_a_cloudevent_that_the_receiver_can_prove(receiver):
    delivery = sink(receiver.url).deliver([parcel(1), parcel(2)])
    assert (delivery.acknowledged, delivery.failure) == ([1, 2], "")
    path, headers, body = receiver.got[0]
    assert path == "/hook/token-1234?key=hush"
    event = json.loads(body)
    assert (event["id"], event["type"], event["data"]["id"]) == ("id1", "news.policy.signal.v1", "id1")
    assert headers["content-type"] == "application/cloudevents+json"
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("id1", "1700000000")
    digest = hmac.digest(KEY, b"id1.1700000000." + body, "sha256")
    assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


def test_an_example_of_the_standard_is_signed_as_it_says():
    from pipeline.sinks.webhook import signature

    key = signing_key(Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
    body = b'{"test": 2432232314}'
    assert (
        signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body)
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


@pytest.mark.parametrize("status", [500, 503, 429, 401, 404, 302])
def test_a_failure_is_told_and_the_rest_waits(receiver, status):
    receiver.answers = [(204, {}), (status, {"Retry-After": "7", "Location": "http://127.0.0.1/"})]
    delivery = sink(receiver.url).deliver([parcel(1), parcel(2), parcel(3)])
    assert delivery.acknowledged == [1]
    assert delivery.refused == {}
    assert f"answered {status}" in delivery.failure
    assert delivery.wait == 7
    assert len(receiver.got) == 2


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_a_refusal_sets_one_alert_aside_and_the_rest_goes_on(receiver, status):
    receiver.answers = [(status, {})]
    delivery = sink(receiver.url).deliver([parcel(1), parcel(2)])
    assert delivery.acknowledged == [2]
    assert f"answered {status}" in delivery.refused[1]


def test_no_answer_is_a_failure(receiver):
    receiver.server_close()
    delivery = sink(f"http://127.0.0.1:{receiver.server_port}/").deliver([parcel(1)])
    assert "no answer" in delivery.failure


def test_a_receiver_that_hangs_is_given_up(receiver):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        delivery = sink(url, timeout_seconds=0.2).deliver([parcel(1)])
    assert "Timeout" in delivery.failure


def test_private_addresses_are_refused_unless_allowed(receiver):
    url = receiver.url.replace("http:", "https:")
    delivery = sink(url, allow_private=False).deliver([parcel(1)])
    assert "private" in delivery.failure
    assert receiver.got == []


def test_neither_token_nor_secret_is_ever_shown(receiver):
    receiver.answers = [(500, {})]
    one = sink(receiver.url)
    told = one.name + one.deliver([parcel(1)]).failure + repr(WebhookSettings(secret=SECRET))
    for secret in ("token-1234", "hush", SECRET.get_secret_value(), KEY.decode()):
        assert secret not in told
    assert one.name != sink(receiver.url + "2").name


@pytest.mark.parametrize("secret", ["hush-hush", "whsec_", "whsec_%%%"])
def test_a_secret_that_will_not_do_is_refused_without_showing_it(secret):
    with pytest.raises(UsageError, match=r"webhook\.secret") as caught:
        signing_key(Secret(secret))
    assert secret not in str(caught.value).replace("whsec_ and", "")


@pytest.mark.parametrize("url", ["ftp://example.org/", "https://user:pass@example.org/", "https:///x"])
def test_urls_that_will_not_do_are_refused(url):
    with pytest.raises(UsageError):
        sink(url)


def test_plain_http_is_for_trusted_networks():
    with pytest.raises(UsageError, match="https"):
        sink("http://example.org/", allow_private=False)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", 0),
        ("soon", 0),
        ("12", 12),
        ("999999", 3600),
        ("-5", 0),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30),
        ("Tue, 14 Nov 2023 22:00:00 GMT", 0),
    ],
)
def test_retry_after_in_seconds_or_as_a_date(header, seconds):
    assert retry_after(header, 1700000000) == seconds
