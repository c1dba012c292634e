"""SQL as polars takes it, for sqlglot: a function keeps the name it was called by.

sqlglot knows what functions of other engines mean, and writes log2(x) as LOG(2, x), which polars takes the other way
round; here each is an unknown one, and goes through as it is.
"""

from typing import ClassVar

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.tokens import TokenType  # type: ignore[attr-defined] # its documented place


class PolarsSql(Postgres):
    """Of the dialects the one nearest to polars: quotes, casts by `::`, regular expressions by `~`, arrays."""

    class Tokenizer(Postgres.Tokenizer):
        """Adds the division that leaves no rest, and names in backquotes; `interval` is always a column."""

        KEYWORDS: ClassVar = {
            **{word: kind for word, kind in Postgres.Tokenizer.KEYWORDS.items() if kind is not TokenType.INTERVAL},
            "//": TokenType.DIV,
        }
        IDENTIFIERS: ClassVar = ['"', "`"]

    class Parser(Postgres.Parser):  # type: ignore[misc, valid-type] # sqlglot holds it in a variable
        """Knows no function by name, but those whose arguments are no list."""

        FUNCTIONS: ClassVar[dict[str, object]] = {}
        FUNCTION_PARSERS: ClassVar = {
            name: parse
            for name, parse in Postgres.Parser.FUNCTION_PARSERS.items()
            if name in ("CAST", "TRY_CAST", "EXTRACT", "TRIM")
        }

    class Generator(Postgres.Generator):  # type: ignore[misc, valid-type] # as above
        """Writes what polars has and PostgreSQL lacks."""

        NORMALIZE_FUNCTIONS = False
        TYPE_MAPPING: ClassVar = {**Postgres.Generator.TYPE_MAPPING, exp.DType.TINYINT: "TINYINT"}
        TRANSFORMS: ClassVar = {
            **Postgres.Generator.TRANSFORMS,
            exp.IntDiv: lambda self, node: self.binary(node, "//"),
            exp.TryCast: lambda self, node: self.trycast_sql(node),
        }

        def datatype_sql(self, expression: exp.DataType) -> str:
            """Write a type that sqlglot does not know, as UINT32, without the quotes that names get."""
            word = expression.args.get("kind")
            name = word.name if isinstance(word, exp.Identifier) else str(word)
            if expression.this == exp.DType.USERDEFINED and name.isidentifier():
                return name
            written: str = super().datatype_sql(expression)
            return written
