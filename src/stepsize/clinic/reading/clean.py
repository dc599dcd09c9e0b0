"""Strips a terminal's output of what is only for the eye: colors, bars, clocks, file names."""

import re

__all__ = ["cleaned", "is_running", "without_marks"]

COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\n]*\x07|\x1b[()][A-Z0-9]")
LOST_COLOURS = re.compile(r"\[(?:\d{1,3};)*\d{1,3}m")  # pasted, so the escape character is gone
TENSOR = re.compile(r"<tf\.Tensor:[^>]*numpy=([^>]*)>")
ALIKE = str.maketrans(
    {"│": "|", "┃": "|", "║": "|", "•": "|", "·": "|", "−": "-", "\xa0": " "}
    | {"：": ": ", "，": ", ", "；": "; ", "（": "(", "）": ")"}
)
NUMERALS = [  # numbers as other languages, countries and pages write them
    (re.compile(r"-?1\.#(?:QNAN|SNAN|IND)\d*"), "nan"),  # as Windows' C library writes it
    (re.compile(r"1\.#INF\d*"), "inf"),
    (re.compile(r"(?<=\d)[dD](?=[-+]\d\d\b)"), "e"),  # Fortran's 0.23D+01
    (re.compile(r"(?<=\d)\s*[x×*]\s*10\^\{?([-+]?\d+)\}?"), r"e\1"),
    (re.compile(r"(?<=\d)['’](?=\d{3}\b)|(?<=\b\d)_(?=\d{3}\b)|(?<=\d\d)_(?=\d{3}\b)"), ""),
    (re.compile(r"\*\*(?=[-+\d])|(?<=\d)\*\*"), ""),  # Markdown's bold
]
ESCAPES = re.compile(r"\\([\[\]_*#|])|(?<!\\)\\$", re.MULTILINE)  # Markdown's
WRAPPED = re.compile(  # a page too narrow for its lines
    r"(\b(?:\w*loss|lr|learning_rate):)[ \t]*\n[ \t]*(?=[-+]?\.?\d|[-+]?nan\b|[-+]?inf\b)"
)
TREE = re.compile(r"(?m)^[│| \t]*[├└]─+|\([↗↘→] [-+.\d]+\)")
LATEX = re.compile(r"(?m)^([^\n&\\]+&[^\n\\]*)\\\\[^\n]*$")
HTML_ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL | re.IGNORECASE)
HTML_CELL = re.compile(r"<t[dh]\b[^>]*>(.*?)</t[dh]>", re.DOTALL | re.IGNORECASE)
RANK = re.compile(
    r"^\W{0,3}(?:local_?|global_?)?(?:rank|default|worker)[ _:=]?(\d+)\]?\W", re.IGNORECASE
)
PLATEAU = re.compile(r"learning rate of group \d+ to", re.IGNORECASE)  # from torch's schedulers
KERAS_BAR = re.compile(r"\[[=>.]{5,}\]|[━╸╺]{3,}")
MARKS = re.compile(
    "|".join(
        [
            KERAS_BAR.pattern,
            r"\d+%\|[^|]*\|",  # tqdm's
            r"^\s*[IWEF]\d{4,8} [\d:.]+\s+\d+ \S+\]",  # glog's
            r"^\s*\[\d{4} [\d:]+ @[\w.]+:\d+\]",  # tensorpack's
            r"\d{4}[-/]\d\d[-/]\d\d(?:[T_ ](?=\d))?",  # a date
            r"\b\d\d?[/.]\d\d?[/.]\d{4}\b,?",
            r"^\W*\d\d/\d\d(?:/\d{2,4})?(?=\s+\d\d:\d\d)",
            r"(?<![\d.:])\d+:\d\d:\d\d(?:[.,]\d+)?"  # a time
            r"(?:Z\b|[+-]\d\d:?\d\d\b|\b)(?: [AaPp]\.?[Mm]\b\.?)?",
            r"(?<![\d.:])\d\d?:\d\d(?![\d.:])",
            r"\bstd(?:out|err) [FP]\b",  # from containers
            r"\bNorm: [\d.]+, NNZs: \d+",  # scikit-learn's norm of the weights
            r"\b(?:INFO|DEBUG|WARNING|WARN|NOTICE)\b(?::[\w.]+:|:)?",
            r"\b[\w.]+:[\w<>]+:\d+(?= - )",  # loguru's
            r"[\w/.-]{1,200}\.(?:py|cc|cpp|cu|jl|ipynb):\d+\]?",
            r"(?i:\b(?:cuda|gpu|cpu|rank|worker):?\s?\d+|\b0x[0-9a-f]+)",
            r"dtype=\w+|shape=\([^)]*\)|grad_fn=<\w+>",
        ]
    )
)


def cleaned(text: str) -> str:
    """Each state of a line that was overwritten gets its own line."""
    text = COLOURS.sub("", text.replace("\r\n", "\n"))
    text = re.sub(r"[\r\x08\x0b\x0c]+", "\n", text)
    text = WRAPPED.sub(r"\1 ", ESCAPES.sub(r"\1", text))
    text = TREE.sub("", TENSOR.sub(r"\1", LOST_COLOURS.sub("", text)))
    text = _with_bars(text).translate(ALIKE)
    text = re.sub(
        r"(?i)\b(epoch|step|iter|ep)(?=\d)", r"\1 ", PLATEAU.sub("learning rate to", text)
    )
    for shown, meant in NUMERALS:
        text = shown.sub(meant, text)
    text = _of_one_rank(text)
    decimal_commas = re.search(r"(?<![\d,])0,\d", text) and not re.search(r"\d\.\d", text)
    return re.sub(r"(\d),(?=\d)", r"\1.", text) if decimal_commas else text


def _with_bars(text: str) -> str:
    """Tables in LaTeX and HTML, as Markdown's."""
    text = LATEX.sub(lambda line: f"| {line[1].replace('&', '|')} |", text)
    return HTML_ROW.sub(lambda row: f"\n| {' | '.join(HTML_CELL.findall(row[0]))} |\n", text)


def _of_one_rank(text: str) -> str:
    """If several processes train side by side and print the same, the lines of the first."""
    lines = text.split("\n")
    ranks = [match[1] if (match := RANK.match(line)) else None for line in lines]
    if len(named := set(ranks) - {None}) < 2:
        return text
    first = min(named, key=int)  # type: ignore[arg-type]
    return "\n".join(line for line, rank in zip(lines, ranks, strict=True) if rank in (None, first))


def is_running(line: str) -> bool:
    """Whether a line is the bar of an unfinished epoch, whose numbers are means so far."""
    return bool(KERAS_BAR.search(line))


def without_marks(line: str) -> str:
    """A line without its time, its progress bar and its logger's name."""
    return MARKS.sub(" ", line)
