"""A terminal's output without what is only for the eye: colors, bars, clocks, file names."""

import re

__all__ = ["cleaned", "is_running", "without_marks"]

COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\n]*\x07|\x1b[()][A-Z0-9]")
LOST_COLOURS = re.compile(r"\[(?:\d{1,3};)*\d{1,3}m")  # pasted, without the character before
TENSOR = re.compile(r"<tf\.Tensor:[^>]*numpy=([^>]*)>")
ALIKE = str.maketrans(
    {"│": "|", "┃": "|", "║": "|", "•": "|", "·": "|", "−": "-", "\xa0": " "}
    | {"：": ": ", "，": ", ", "；": "; ", "（": "(", "）": ")"}
)
OF_WINDOWS = [  # what its C library prints for them
    (re.compile(r"-?1\.#(?:QNAN|SNAN|IND)\d*"), "nan"),
    (re.compile(r"1\.#INF\d*"), "inf"),
]
PLATEAU = re.compile(r"learning rate of group \d+ to", re.IGNORECASE)  # of torch's schedulers
KERAS_BAR = re.compile(r"\[[=>.]{5,}\]|[━╸╺]{3,}")
MARKS = re.compile(
    "|".join(
        [
            KERAS_BAR.pattern,
            r"\d+%\|[^|]*\|",  # of tqdm
            r"^\s*[IWEF]\d{4,8} [\d:.]+\s+\d+ \S+\]",  # of glog
            r"\d{4}[-/]\d\d[-/]\d\d(?:[T_ ](?=\d))?",  # a date
            r"^\W*\d\d/\d\d(?:/\d{2,4})?(?=\s+\d\d:\d\d)",
            r"\b\d+:\d\d:\d\d(?:[.,]\d+)?\b|(?<![\d.:])\d\d?:\d\d(?![\d.:])",  # a time
            r"\b(?:INFO|DEBUG|WARNING|WARN|NOTICE)\b(?::[\w.]+:|:)?",
            r"\b[\w.]+:[\w<>]+:\d+(?= - )",  # of loguru
            r"[\w/.-]{1,200}\.(?:py|cc|cpp|cu|jl|ipynb):\d+\]?",
            r"(?i:\b(?:cuda|gpu|cpu|rank|worker):?\s?\d+|\b0x[0-9a-f]+)",
            r"dtype=\w+|shape=\([^)]*\)|grad_fn=<\w+>",
        ]
    )
)


def cleaned(text: str) -> str:
    """Each state of a line that was written over gets a line of its own."""
    text = COLOURS.sub("", text.replace("\r\n", "\n"))
    text = re.sub(r"[\r\x08\x0b\x0c]+", "\n", text)
    text = TENSOR.sub(r"\1", LOST_COLOURS.sub("", text)).translate(ALIKE)
    text = re.sub(
        r"(?i)\b(epoch|step|iter|ep)(?=\d)", r"\1 ", PLATEAU.sub("learning rate to", text)
    )
    for shown, meant in OF_WINDOWS:
        text = shown.sub(meant, text)
    decimal_commas = re.search(r"(?<![\d,])0,\d", text) and not re.search(r"\d\.\d", text)
    return re.sub(r"(\d),(?=\d)", r"\1.", text) if decimal_commas else text


def is_running(line: str) -> bool:
    """Whether a line is the bar of an epoch that goes on, whose numbers are means so far."""
    return bool(KERAS_BAR.search(line))


def without_marks(line: str) -> str:
    """A line without its clock, its bar, the name of its logger."""
    return MARKS.sub(" ", line)
