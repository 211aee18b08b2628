"""Schemathesis over the OpenAPI description: nothing that it can think of breaks a page. The same cases every time."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from tests.integration.desk.desk_site import Site

EXAMPLES = 3


@pytest.mark.parametrize("login", ["jiahead", "root"])
def test_schemathesis_finds_nothing(site: Site, login: str) -> None:
    someone = site.browser(login)
    schema = schemathesis.openapi.from_dict(site.app.openapi())
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path == "/logout":
            continue

        @given(case=operation.as_strategy())
        @settings(
            max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        def send(case: schemathesis.Case) -> None:
            if isinstance(case.body, dict):
                case.body["form_token"] = someone.token
            headers = {"origin": "http://127.0.0.1"}
            sent = case.as_transport_kwargs(base_url="http://127.0.0.1", headers=headers)
            sent.pop("cookies", None)
            answer = someone.client.request(**sent)
            answer.request.read()  # a form with a file is a stream
            case.validate_response(
                schemathesis.Response.from_any(answer),
                checks=[not_a_server_error, status_code_conformance, content_type_conformance],
            )

        send()
