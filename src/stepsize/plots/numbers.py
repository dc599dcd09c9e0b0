"""Numbers in a sentence, as a book prints them and as the axes write theirs."""

import re

HYPHEN = re.compile(r"(?<![\w-])-(?=[\d.])")  # a hyphen that should be a minus
EXPONENT = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)e([-+]?)0*(\d+)\b")
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float, form: str = ".3g") -> str:
    """A number in three digits, or as `form` says: 0.0123, −58, 1.3 × 10⁻⁶.

    >>> number(-58.04), number(2e8, ".0e"), number(1e-5)
    ('−58', '2 × 10⁸', '10⁻⁵')
    """
    return typeset(f"{value:{form}}")


def typeset(text: str) -> str:
    """The same text, its numbers with a minus sign for a hyphen, and with powers of ten."""
    return HYPHEN.sub("−", EXPONENT.sub(_power, text))


def _power(found: re.Match[str]) -> str:
    digits, sign, power = found.groups()
    raised = (sign.strip("+") + power).translate(RAISED)
    return f"10{raised}" if digits == "1" else f"{digits} × 10{raised}"
