"""Which statements the store runs, decided by what the engine's own parser understands.

The engine's grants (`engine_settings.py`) limit statements to Toban's database. This module refuses what
grants can't forbid: access to files by functions, by INFILE and OUTFILE, programs as tables, a second
statement, and everything that would change the connection for the next request. A text can be written in many
ways (comments, blanks of other scripts, escapes); the engine's canonical form of it in one.
"""

import re
from dataclasses import dataclass

from toban.engine.telemetry.child.refusal import BAD_REQUEST, NO_PRIVILEGE, RequestRefusal

_ALLOWED = frozenset(
    (
        "SELECT", "WITH", "INSERT", "CREATE", "ALTER", "DROP", "TRUNCATE", "OPTIMIZE",
        "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN", "CHECK",
    )
)  # fmt: skip
_CREATED = re.compile(r"CREATE (?:OR REPLACE )?(?:TABLE|VIEW|MATERIALIZED VIEW|DATABASE)\b")
_ENGINES = frozenset(("MergeTree", "ReplacingMergeTree", "SummingMergeTree", "AggregatingMergeTree"))
_ENGINE = re.compile(r"\bENGINE = (\w+)")
_INSERT = re.compile(
    rb"\A\s*(INSERT\s+INTO\b[^;]*?)\s+FORMAT\s+(\w+)[ \t]*;?[ \t]*(?:\r?\n|\Z)", re.IGNORECASE | re.DOTALL
)
_NAME = r"[\"`]?\w+[\"`]?"
_HEAD = re.compile(
    rf"INSERT\s+INTO\s+(?:{_NAME}\.)?{_NAME}(?:\s*\(\s*{_NAME}(?:\s*,\s*{_NAME})*\s*\))?\s*",
    re.IGNORECASE | re.ASCII,
)
_INTO = re.compile(r"\s*INSERT\s+INTO\s+[\"`]?(\w+)[\"`]?\s*\(", re.IGNORECASE)
_TEXT = re.compile(r"'(?:[^'\\]|\\.)*'", re.DOTALL)
_QUOTED = re.compile(r"`((?:[^`\\]|\\.)*)`")
_FORMAT = re.compile(r" FORMAT (\w+)\Z")
_FILES = re.compile(r"\b(?:INTO OUTFILE|FROM INFILE|INTO FUNCTION|DICTIONARY)\b", re.IGNORECASE)
_DEFINED = re.compile(
    r"\A(?:CREATE [A-Z ]+?|ALTER TABLE|INSERT INTO) (?:IF NOT EXISTS )?(?:\w+\.)?\w+(?= ?\()"
)
"""The name of the table, which stands before a bracket like that of a function."""
_PARAMETER = re.compile(r"\{\w+:[^{}]+\}")
_CALL = re.compile(r"(\w+) ?\(")
_KEYWORDS = frozenset(
    (
        "all", "and", "any", "as", "between", "by", "case", "codec", "distinct", "else", "except",
        "exists", "explain", "from", "having", "in", "index", "intersect", "interval", "is", "join",
        "key", "like", "not", "on", "or", "over", "partition", "prewhere", "select", "set", "then",
        "ttl", "union", "using", "values", "when", "where", "with",
    )
)  # fmt: skip
_TYPES = frozenset(
    (
        "aggregatefunction", "array", "bloom_filter", "datetime", "datetime64", "decimal", "delta",
        "doubledelta", "enum16", "enum8", "fixedstring", "json", "lowcardinality", "lz4", "map",
        "minmax", "ngrambf_v1", "nullable", "simpleaggregatefunction", "t64", "tokenbf_v1", "tuple",
        "zstd",
    )
)  # fmt: skip
_FUNCTIONS = frozenset(
    (
        "abs", "argmax", "argmaxif", "argmin", "argminif", "arraydistinct", "arrayexists",
        "arrayfilter", "arrayjoin", "arraymap", "arraysort", "avg", "avgif", "avgornullif", "bytesize",
        "cast", "cityhash64", "coalesce", "concat", "count", "countif", "countresample",
        "currentdatabase", "dynamictype", "empty", "endswith", "floor", "formatreadablesize",
        "fromunixtimestamp", "fromunixtimestamp64milli", "getsetting", "greatest", "grouparray",
        "grouparraydistinct", "groupuniqarray", "has", "if", "ifnull", "indexhint", "intdiv", "isfinite",
        "isnull", "jsonallpaths", "jsonextract", "least", "length", "lower", "match", "max", "maxif",
        "min", "minif", "mod", "modulo", "multiif", "notempty", "now", "now64", "nullif", "numbers",
        "position", "quantile", "quantiles", "quantilestdigest", "quantiletdigest", "round", "splitbychar",
        "siphash64", "startswith", "substring", "sum", "sumif", "throwif", "timezone", "todate",
        "todatetime", "todatetime64", "tofloat64", "tofloat64ornull", "toint64", "tointervalday",
        "tointervalhour", "tointervalminute", "tojsonstring", "tostartofday", "tostartoffiveminutes",
        "tostartofhour", "tostartofinterval", "tostartofminute", "tostring", "tounixtimestamp",
        "tounixtimestamp64milli", "toyyyymm", "toyyyymmdd", "tuple", "uniq", "uniqexact", "uniqexactif",
        "upper", "uptime", "version",
    )
)  # fmt: skip
"""What Toban's statements call, and their next of kin: none reads anything but its arguments."""


_CALLED = _KEYWORDS | _TYPES | _FUNCTIONS


@dataclass(frozen=True, slots=True)
class Insert:
    """An INSERT with its rows: `head` is everything before FORMAT."""

    head: str
    format: str
    rows: bytes

    @property
    def table(self) -> str:
        """The table's name, without quotes; empty if a database or no columns are named."""
        found = _INTO.match(self.head)
        return found[1] if found else ""


@dataclass(frozen=True, slots=True)
class Query:
    """Any other statement; `streams` says whether its answer may be sent while it is being produced."""

    text: str
    format: str | None
    streams: bool
    redefines: bool = False
    """Whether it writes the definition of a table again."""


def read(text: bytes, rows: bytes = b"") -> Insert | str:
    """Return an INSERT of rows in *text*, or of separately sent *rows*; any other statement as its text.

    Raises `RequestRefusal` for an INSERT into anything but a table, and for a text that isn't UTF-8.
    """
    insert = _INSERT.match(text)
    if insert is not None:
        head = _decoded(insert[1])
        if not _HEAD.fullmatch(head):
            raise RequestRefusal(NO_PRIVILEGE, "rows are inserted into a table, by the names of its columns")
        return Insert(head, insert[2].decode(), text[insert.end() :] + rows)
    return _decoded(text + b"\n" + rows if rows else text).strip().removesuffix(";").rstrip()


def permitted(text: str, canonical: str) -> Query:
    """Return the query in *text*, or raise `RequestRefusal`; *canonical* is how the engine writes it."""
    bare = _QUOTED.sub(r"\1", _TEXT.sub("0", canonical))
    verb = _verb(bare)
    if verb not in _ALLOWED or (verb == "CREATE" and not _CREATED.match(bare)):
        raise RequestRefusal(NO_PRIVILEGE, f"{verb} is not a statement that the telemetry store runs")
    if _FILES.search(bare):
        raise RequestRefusal(NO_PRIVILEGE, "the telemetry store opens no files for a statement")
    for engine in _ENGINE.findall(bare):
        if engine not in _ENGINES:
            raise RequestRefusal(NO_PRIVILEGE, f"{engine} is not an engine of the telemetry store's tables")
    for name in _CALL.findall(_PARAMETER.sub("", _DEFINED.sub("", bare))):
        if name.lower() not in _CALLED:
            raise RequestRefusal(NO_PRIVILEGE, f"{name}() is not a function of the telemetry store")
    stated = _FORMAT.search(bare)
    return Query(
        text=text,
        format=stated[1] if stated else None,
        streams=verb in ("SELECT", "WITH"),
        redefines=verb == "ALTER" and "DROP PARTITION" not in bare,
    )


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as exc:
        raise RequestRefusal(BAD_REQUEST, "the statement is not UTF-8") from exc


def _verb(bare: str) -> str:
    word = re.match(r"[\s(]*(\w+)", bare)
    return word[1].upper() if word else ""
