"""The API is what it says in its own description: schemathesis asks what that allows, and what it does not."""

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable


@pytest.mark.parametrize(
    ("examples", "modes"),
    [
        pytest.param(1, ["positive"], id="once"),
        pytest.param(300, ["positive", "negative"], id="often", marks=[pytest.mark.long, pytest.mark.timeout(1800)]),
    ],
)
def test_every_answer_is_as_described_whatever_is_asked(api, examples, modes) -> None:
    from schemathesis import GenerationMode, openapi
    from schemathesis.specs.openapi.checks import positive_data_acceptance as any_query_is_right

    described = openapi.from_url(f"http://127.0.0.1:{api.port}/api/openapi.json")
    operations = [found.ok() for found in described.get_all_operations()]
    assert len(operations) > 10
    for operation in operations:
        for mode in map(GenerationMode, modes):

            @settings(max_examples=examples, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
                      suppress_health_check=list(HealthCheck))  # fmt: skip
            @given(operation.as_strategy(generation_mode=mode))
            def ask(case) -> None:
                case.call_and_validate(excluded_checks=[any_query_is_right])

            with suppress(Unsatisfiable):  # nothing can be wrong with what takes no parameters
                ask()
