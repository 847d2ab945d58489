"""Metrics and price lists that are not what they should be."""

from __future__ import annotations

from pytest_llm_migrate.errors.root import MigrateError


class TwoOwnersError(MigrateError):
    """Raised when two plugins register the same name."""

    def __init__(self, kind: str, name: str, first: str, second: str) -> None:
        self.kind, self.name, self.first, self.second = kind, name, first, second
        super().__init__(f"{kind} {name!r} is registered twice: by {first} and by {second}. Rename one of them.")


class MetricDefinitionError(MigrateError):
    """Raised when something given as a metric is none, or does not say what a metric must."""

    def __init__(self, metric: str, fault: str, way_out: str = "") -> None:
        self.metric, self.fault, self.way_out = metric, fault, way_out
        super().__init__(f"{metric} is no metric yet: {fault}.{way_out and ' '}{way_out}")


class DuplicateMetricError(MigrateError):
    """Raised when two metrics of one migration have the same name."""

    def __init__(self, name: str, times: int) -> None:
        self.name, self.times = name, times
        super().__init__(
            f"metric {name!r} is asked for {times} times. Name it once, or give each a name of its own, as in "
            "ExactMatch(name='exact_match_cased', case=True)."
        )


class PriceFileError(MigrateError):
    """Raised when a price list cannot be read as one; says where in the file and how to mend it."""

    def __init__(
        self, path: object, fault: str, *, line: int | None = None, column: str = "", way_out: str = ""
    ) -> None:
        self.path, self.fault, self.line, self.column, self.way_out = str(path), fault, line, column, way_out
        place = f"{path}:{line}" if line else str(path)
        field = f" column {column!r}:" if column else ""
        super().__init__(f"{place}:{field} {fault}.{way_out and ' '}{way_out}")


class NoJudgeError(MigrateError):
    """Raised when a metric asks a judge and the run has none."""

    def __init__(self, metric: str) -> None:
        self.metric = metric
        super().__init__(f"metric {metric!r} asks a judge, and there is none. Give one: --judge-model REF.")


class DeepEvalDirectionError(MigrateError):
    """Raised when a metric of the installed DeepEval does not give bad verdicts 0 and good ones 1."""

    def __init__(self, metric: str, release: str, bad: float, good: float) -> None:
        self.metric, self.release, self.bad, self.good = metric, release, bad, good
        super().__init__(
            f"{metric} of deepeval {release} scores {bad:g} where every verdict is bad and {good:g} where every one is "
            "good; 0 and 1 are expected. Install the DeepEval that the extra names: "
            "pip install 'pytest-llm-migrate[deepeval]'"
        )


class TooFewRepeatsError(MigrateError):
    """Raised when a metric takes more answers of a row than the run asks for."""

    def __init__(self, metric: str, needed: int, repeats: int) -> None:
        self.metric, self.needed, self.repeats = metric, needed, repeats
        super().__init__(
            f"metric {metric!r} takes {needed} answers of a row, and --migration-repeats is {repeats}: no row would "
            f"have a score. Give --migration-repeats {needed} or more."
        )
