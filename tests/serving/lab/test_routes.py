"""Who may use a lab, and what it answers to what makes no sense."""

import pytest


@pytest.mark.parametrize(
    "path", ["", "/events", "/trainings", "/stop", "/suspects/mnist/0", "/suspects/mnist/copy"]
)
@pytest.mark.parametrize(
    ("headers", "query", "expected"),
    [
        ({"Authorization": ""}, "", 401),
        ({"Authorization": "Bearer guess"}, "", 401),
        ({"Authorization": ""}, "?token={token}", 401),
        ({"Host": "evil.example"}, "", 403),
        ({"Origin": "http://evil.example"}, "", 403),
        ({"Origin": "null"}, "", 403),
    ],
)
def test_only_who_bears_the_token_and_comes_from_here(lab, path, headers, query, expected):
    method = "POST" if path.endswith(("trainings", "stop", "copy")) else "GET"
    status, answer = lab.ask(method, path + query.format(token=lab.token), **headers)
    assert status == expected
    assert list(answer) == ["error"]


GOOD = {"recipe": "lecture", "epochs": 1, "seed": 0}


@pytest.mark.parametrize(
    ("change", "expected", "named"),
    [
        ({"data": "../../etc"}, 404, "data '../../etc'"),
        ({"data": "/etc/passwd"}, 404, "data"),
        ({"data": 7}, 400, "data: 7"),
        ({"data": None}, 400, "data"),
        ({"recipe": "/tmp/evil.toml"}, 400, "recipe"),
        ({"recipe": ""}, 400, "recipe"),
        ({"epochs": 0}, 400, "epochs: 0"),
        ({"epochs": 1001}, 400, "epochs"),
        ({"epochs": 1.5}, 400, "epochs: 1.5"),
        ({"epochs": True}, 400, "epochs: True"),
        ({"seed": -1}, 400, "seed: -1"),
        ({"seed": "1; rm"}, 400, "seed"),
        ({"out": "/tmp/x"}, 400, "'out'"),
    ],
)
def test_a_training_that_cannot_be_is_refused(lab, digits, change, expected, named):
    status, answer = lab.order("/trainings", **(GOOD | {"data": digits.name} | change))
    assert (status, named in answer["error"]) == (expected, True), answer
    assert "\n" not in answer["error"]


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"\xff", b"[" * 10_000, b"NaN"])
def test_a_body_that_is_no_object_is_refused(lab, body):
    status, answer = lab.ask("POST", "/trainings", body)
    assert (status, answer["error"].partition(":")[0]) == (400, "body")


def test_a_body_that_is_too_long_is_refused(lab):
    assert lab.ask("POST", "/trainings", b" " * 100_000)[0] == 413


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/trainings/..%2F..%2Fetc/resume", 404),
        ("POST", "/trainings/none/resume", 404),
        ("POST", "/stop", 409),
        ("POST", "/suspects/none/search", 404),
        ("POST", "/suspects/..%2F..%2Fetc/search", 404),
        ("GET", "/suspects/{digits}/0", 404),
        ("GET", "/suspects/{digits}/-1", 404),
        ("POST", "/suspects/{digits}/undo", 404),
        ("POST", "/suspects/{digits}/copy", 404),
        ("GET", "/trainings", 405),
        ("GET", "/nothing", 404),
    ],
)
def test_what_is_not_there(lab, digits, method, path, expected):
    status, answer = lab.ask(method, path.format(digits=digits.name))
    assert (status, list(answer)) == (expected, ["error"])


def test_what_a_training_can_be_started_with(lab, digits):
    status, answer = lab.ask("GET", "")
    assert status == 200
    assert digits.name in answer["data"]
    assert {"name": "lecture", "epochs": 10} in answer["recipes"]
    assert lab.server.json("GET", "/v2")[1]["extensions"] == ["binary_tensor_data", "lab"]


def test_the_page_and_nothing_else_is_open_where_all_needs_the_token(serve, model_file, tmp_path):
    with serve(model_file, "--lab", "--lab-folder", tmp_path, "--token", "s3cret") as server:
        for path, expected in (
            ("/", 200),
            ("/page/main.js", 200),
            ("/page/lab/lab.js", 200),
            ("/page/model/insects", 401),
            ("/v2", 401),
            ("/lab", 401),
        ):
            assert server.ask("GET", path)[0] == expected, path
        assert server.ask("GET", "/lab", Authorization="Bearer s3cret")[0] == 200
        server.stop()
        assert "s3cret" not in server.process.stderr.read()


def test_there_is_no_lab_where_none_was_asked_for(server):
    assert server.ask("GET", "/lab")[0] == 404
    assert "lab" not in server.json("GET", "/v2")[1]["extensions"]


def test_a_listener_that_leaves_is_let_go(lab):
    def left():
        text = lab.server.ask("GET", "/metrics")[2].decode()
        lines = [line for line in text.splitlines() if line.startswith("tenfold_requests_total")]
        return sum(float(line.split()[-1]) for line in lines if "/lab/events" in line)

    before = left()
    with lab.events():
        pass
    while left() == before:
        pass
