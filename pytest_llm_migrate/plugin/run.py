"""A run: one command's settings, answers and migrations, in one process."""

from __future__ import annotations

import secrets
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.answers import BatchTerms, Desk, Mode, Store, Terms
from pytest_llm_migrate.errors import (
    MigrateError,
    NoModelError,
    ReportFileError,
    UnknownNameError,
    counted,
    without_secrets,
)
from pytest_llm_migrate.migration.build import Workshop
from pytest_llm_migrate.migration.results import Seen
from pytest_llm_migrate.migration.settings import PROMPT_CHOICES, RECORDED
from pytest_llm_migrate.migration.spool import Spool, read_spool
from pytest_llm_migrate.models import parse_reference
from pytest_llm_migrate.plugin.headway import Headway
from pytest_llm_migrate.plugin.live import open_live
from pytest_llm_migrate.plugin.marker import arguments_of, spec_of
from pytest_llm_migrate.plugin.places import without_role
from pytest_llm_migrate.plugin.registry import Builtins, metrics_of, providers_of, strategies_of
from pytest_llm_migrate.strategies.combined import named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from pytest_llm_migrate.domain import Case, Model, PriceList, Provider
    from pytest_llm_migrate.migration.migration import Migration
    from pytest_llm_migrate.migration.settings import Settings
    from pytest_llm_migrate.migration.spec import MigrationSpec
    from pytest_llm_migrate.plugin.live import Live

AHEAD_UNDER_MAXFAIL = 8
"""Answers begun before they are waited for when a failure is to stop the run."""
GRACE = 10.0
"""Seconds to wait at the end of a run for calls that were cut short: they are paid for, and their answers kept."""


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turn a domain error into pytest's own usage error: one line, exit code 4."""
    try:
        yield
    except MigrateError as error:
        raise pytest.UsageError(f"llm-migrate: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What all processes of one command share.

    Attributes:
        id: The run's name and its folder's.
        started: When the run began, in seconds since the epoch; answers that are older are kept ones.
        since: Answers older than this (seconds since the epoch) do not count; 0 accepts all.
        process: ``main``, or the xdist worker's name.
    """

    id: str
    started: float
    since: float
    process: str

    def shared(self) -> dict[str, Any]:
        """Return what a worker is told of its run, as builtins."""
        return {"id": self.id, "started": self.started, "since": self.since}


@dataclass(slots=True, kw_only=True)
class Models:
    """Models by their references, each connected once."""

    providers: Mapping[str, Provider]
    _connected: dict[str, Model] = field(default_factory=dict)

    def connect(self, ref: str) -> Model:
        """Return the model of a reference; raises `MigrateError` for what is wrong before any call."""
        if ref not in self._connected:
            parsed = parse_reference(ref, self.providers)
            self._connected[ref] = self.providers[parsed.scheme].connect(parsed.name)
        return self._connected[ref]

    def is_connected(self, ref: str) -> bool:
        """Tell whether a reference's model is one that this run calls."""
        return ref in self._connected


@dataclass(slots=True, kw_only=True)
class Run:
    """Everything one process needs; kept in ``config.stash``."""

    config: pytest.Config
    settings: Settings
    identity: Identity
    models: Models
    prices: PriceList
    store: Store
    spool: Spool
    desk: Desk
    workshop: Workshop
    live: Live
    headway: Headway
    stopped: str | None = None
    _specs: dict[str, list[tuple[dict[str, Any], MigrationSpec]]] = field(default_factory=dict)
    _migrations: dict[tuple[str, int, str], Migration] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where this run leaves its records and reports."""
        return self.settings.folder / "runs" / self.identity.id

    @property
    def migrations(self) -> list[Migration]:
        """Every migration that was built so far."""
        return list(self._migrations.values())

    def spec(self, mark: pytest.Mark, path: Path, nodeid: str) -> MigrationSpec:
        """Return the spec of a marker; equal markers of one file share it."""
        known = self._specs.setdefault(nodeid, [])
        given = arguments_of(mark, nodeid)
        for other, spec in known:
            if other == given:
                return spec
        spec = spec_of(given, path, nodeid, len(known))
        known.append((given, spec))
        return spec

    def migration(self, spec: MigrationSpec, target: str) -> Migration:
        """Return a spec's migration to one target, built at first use."""
        key = (spec.nodeid, spec.number, target)
        if key not in self._migrations:
            self._migrations[key] = self.workshop.build(spec, target)
            self.spool.migration(self._migrations[key].terms)
        return self._migrations[key]

    def close(self, say: Callable[[str], object]) -> None:
        """Wait a little for calls in flight, and write down what is not written yet."""
        if self.desk.is_stopped:
            self.spool.cut_short()
        if jobs := self.store.running_jobs():
            go_on = "goes on" if jobs == 1 else "go on"
            say(f"llm-migrate: {counted(jobs, 'batch job')} {go_on} at AWS; the same command joins what runs")
        if out := self.desk.in_flight:
            say(f"llm-migrate: waiting up to {GRACE:g} s for {counted(out, 'call')} in flight; Ctrl-C leaves them")
        with suppress(KeyboardInterrupt):
            self.desk.close(GRACE)
        for migration in self.migrations:
            migration.scorer.flush()
            self.spool.times(migration)
            if self.settings.record:
                self.spool.used(migration)
            migration.forget()
        self._note_run_level()
        self.spool.close()

    def _note_run_level(self) -> None:
        # By what all processes have written so far: the last of them to end has the rows of all.
        asking = [migration for migration in self.migrations if migration.run_level]
        seen = Seen(read_spool(self.spool.path.parent)) if asking else None
        for migration in asking:
            if seen and (cases := seen.cases.get(migration.terms.id)):
                self.spool.run_level(migration, cases)


def open_run(config: pytest.Config, settings: Settings) -> Run:
    """Return this process's run; raises `MigrateError` for what is wrong before any test is collected."""
    config.pluginmanager.register(Builtins(), "llm-migrate-builtins")
    models = Models(providers=providers_of(config))
    for option, ref in _references(settings):
        if ref != RECORDED:
            parse_reference(ref, models.providers)
        elif option in {"--judge-model", "--optimizer-model"}:
            raise NoModelError(option, "cannot be 'recorded': it must be called")
    _check_places(settings)
    _check_strategies(config, settings)
    prices, metrics = _profile_prices(config, settings, models), metrics_of(config)
    identity, store = _open_store(config, settings)
    live, headway = open_live(config), Headway()
    desk = Desk(
        store=store,
        mode=Mode(settings.answers),
        prices=prices,
        concurrency=settings.concurrency,
        per_minute=settings.rpm,
        ahead=AHEAD_UNDER_MAXFAIL if config.getoption("maxfail") else None,
        batch=BatchTerms(place=settings.batch, tell=live.say),
    )
    spool = Spool(settings.folder / "runs" / identity.id / "spool" / f"{identity.process}.jsonl")

    def seen(migration: str, case: Case, place: int) -> None:
        spool.case(migration, case, place)
        headway.row(migration, place)

    workshop = Workshop(
        settings=settings,
        desk=desk,
        metrics=metrics,
        connect=models.connect,
        seen=seen,
        exchanged=spool.exchanged,
        check=lambda ref: parse_reference(ref, models.providers),
    )
    return Run(
        config=config,
        settings=settings,
        identity=identity,
        models=models,
        prices=prices,
        store=store,
        spool=spool,
        desk=desk,
        workshop=workshop,
        live=live,
        headway=headway,
    )


def _references(settings: Settings) -> list[tuple[str, str]]:
    targets = [("--target-model", ref) for ref in settings.target_models]
    judge = [("--judge-model", settings.judge_model)] if settings.judge_model else []
    optimizer = [("--optimizer-model", settings.optimizer_model)] if settings.optimizer_model else []
    return [("--source-model", settings.source_model), *targets, *judge, *optimizer]


def _check_strategies(config: pytest.Config, settings: Settings) -> None:
    chosen = (("--prompt-strategy", settings.prompt_strategy), ("--migration-against", settings.against))
    for option, name in chosen:
        if name is None or name in PROMPT_CHOICES:
            continue
        known = strategies_of(config)
        try:
            named(name, known, where=option)
        except UnknownNameError as error:
            raise UnknownNameError("prompt strategy", name, [*PROMPT_CHOICES, *known], where=option) from error


def _check_places(settings: Settings) -> None:
    for path in filter(None, (settings.report, settings.json, settings.summary)):
        if path.is_dir():
            raise ReportFileError(path, "it is a folder")
        for folder in path.parents:
            if folder.is_file():
                raise ReportFileError(path, f"{folder} is a file")


def _profile_prices(config: pytest.Config, settings: Settings, models: Models) -> PriceList:
    from pytest_llm_migrate.models.lookups import ProfileModels
    from pytest_llm_migrate.pricing import ProfilePrices

    def is_called(ref: str) -> bool:
        return models.is_connected(ref) and not settings.plan

    profiles = ProfileModels(settings.folder / "profiles.json", may_ask=is_called)
    return ProfilePrices(prices=_prices(config, settings), model_of=profiles.model_of)


def _prices(config: pytest.Config, settings: Settings) -> PriceList:
    if settings.prices:
        from pytest_llm_migrate.pricing import read_prices

        return read_prices(settings.prices)
    prices: PriceList = config.hook.pytest_llm_migrate_prices(config=config)
    return prices


def _open_store(config: pytest.Config, settings: Settings) -> tuple[Identity, Store]:
    path = settings.folder / "answers.sqlite"
    shared: dict[str, Any] | None = getattr(config, "workerinput", None)
    if shared is not None:
        identity = Identity(**shared["llm_migrate"], process=shared["workerid"])
        return identity, Store(path, _terms(identity, settings))
    started = time.time()
    run_id = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(started))}-{secrets.token_hex(2)}"
    identity = Identity(id=run_id, started=started, since=0.0, process="main")
    store = Store(path, _terms(identity, settings))
    if settings.answers == Mode.FRESH:
        identity = replace(identity, since=store.begin_fresh(command_of(config)))
        store.terms = _terms(identity, settings)
    return identity, store


def _terms(identity: Identity, settings: Settings) -> Terms:
    return Terms(run=identity.id, started=identity.started, since=identity.since, max_cost=settings.max_cost)


def command_of(config: pytest.Config) -> str:
    """Return the command line as the user gave it, without secrets, and where it ran: the identity of a fresh run."""
    said = " ".join(["pytest", *config.invocation_params.args, "@", str(config.invocation_params.dir)])
    return without_secrets(without_role(said))


def is_worker(config: pytest.Config) -> bool:
    """Whether this process runs tests for another one that reports."""
    return hasattr(config, "workerinput")
