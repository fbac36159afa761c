"""What a fault that pydantic found means to people. In: one of its error records. Out: a sentence."""

from typing import Any

from config import values


def wording(fault: Any, value: object, *, secret: bool) -> str:
    """What is wrong with `value`, and what would be right. A secret value is never repeated."""
    context = fault.get("ctx", {})
    match fault["type"]:
        case "value_error":
            return str(context["error"])
        case "literal_error":
            expected = str(context["expected"]).replace("'", '"')
            return f"wants {expected}" + ("" if secret else f", not {_told(value)}{_near(value, expected)}")
        case "tuple_type":
            return f'wants a list, such as ["…"], not {values.kind_of(value)}'
        case "too_short":
            return "must not be empty"
        case "bool_type":
            return "wants true or false, without quotes"
        case "int_type":
            return f"wants a whole number, without quotes, not {values.kind_of(value)}"
        case "greater_than_equal":
            return f"must be at least {context['ge']}"
        case "less_than_equal":
            return f"must be at most {context['le']}"
        case "string_type":
            return f"wants a text in quotes, not {values.kind_of(value)}"
        case "dict_type" | "mapping_type":
            return f"wants a table, {{ … }}, not {values.kind_of(value)}"
    return str(fault["msg"])


def _told(value: object) -> str:
    return values.shown(value) if isinstance(value, str) else values.kind_of(value)


def _near(value: object, expected: str) -> str:
    return values.nearest(value, expected.split('"')[1::2]) if isinstance(value, str) else ""
