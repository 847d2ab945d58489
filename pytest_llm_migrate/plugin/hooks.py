"""The hooks that pytest calls; each is one thought, and the work lives elsewhere.

Loading this module must cost a run that does not use the plugin next to nothing: what a migration needs
is imported when there is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llm_migrate.plugin import hookspecs
from pytest_llm_migrate.plugin.fixtures import (  # noqa: F401 - pytest finds fixtures in the plugin's names
    case,
    comparison,
    judge_model,
    migrated_prompt,
    migration_target,
    source_model,
    source_prompt,
    target_model,
)
from pytest_llm_migrate.plugin.ini_file import refuse_lost_settings
from pytest_llm_migrate.plugin.keys import OUTCOMES, RUN, SEEN, SETTINGS, SIGNATURE, TEST
from pytest_llm_migrate.plugin.options import add_options, read_settings

if TYPE_CHECKING:
    from collections.abc import Generator


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    add_options(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the hooks that others may implement."""
    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker and read the options; a plan takes no xdist workers."""
    config.addinivalue_line("markers", SIGNATURE)
    refuse_lost_settings(config)
    config.stash[SETTINGS] = read_settings(config)
    settings = config.stash[SETTINGS]
    if (settings.plan or settings.migrate_prompts) and hasattr(config.option, "tx"):
        config.option.tx = []  # they would collect, and have nobody to tell


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Open the run, if there is a target to migrate to; what is wrong with the options is said here."""
    config = session.config
    if not config.stash[SETTINGS].target_models:
        return
    from pytest_llm_migrate.plugin.outcomes import Outcomes
    from pytest_llm_migrate.plugin.run import open_run, usage_errors

    with usage_errors():
        config.stash[RUN] = open_run(config, config.stash[SETTINGS])
    if not hasattr(config, "workerinput"):
        config.stash[OUTCOMES] = Outcomes()
        config.pluginmanager.register(config.stash[OUTCOMES], "llm-migrate-outcomes")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker which run it belongs to."""
    run = node.config.stash.get(RUN, None)
    if run:
        node.workerinput["llm_migrate"] = run.identity.shared()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make golden rows parameters."""
    from pytest_llm_migrate.plugin.collection import parametrize

    parametrize(metafunc)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Say in one line what a test file makes that cannot be, such as a metric of settings that mean nothing."""
    report = yield
    if report.failed:
        from pytest_llm_migrate.plugin.collection import say_plainly

        say_plainly(report)
    return report


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave row tests out of a self-test, and put gates that may stop early before the rows that they may not need."""
    if config.stash[SETTINGS].self_test:
        from pytest_llm_migrate.plugin.self_testing import leave_out_rows

        leave_out_rows(config, items)
    elif config.stash[SETTINGS].stop_early and RUN in config.stash:
        from pytest_llm_migrate.plugin.stopping import gates_first

        gates_first(config, items)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Begin the answers that the selected tests need, or print the plan and run nothing."""
    config = session.config
    if RUN not in config.stash or _runs_nothing(session):
        return None
    if not config.stash[SETTINGS].plan:
        from pytest_llm_migrate.plugin.progress import begin_progress

        begin_progress(config, config.stash[RUN])
    if not hasattr(session, "items"):
        return None  # workers have them
    if config.stash[SETTINGS].migrate_prompts:
        from pytest_llm_migrate.plugin.prompting import migrate_prompts

        return migrate_prompts(session)
    if config.stash[SETTINGS].plan:
        from pytest_llm_migrate.plugin.planning import print_plan

        return print_plan(session)
    from pytest_llm_migrate.plugin.ahead import begin_answers

    begin_answers(session)
    return None


def _runs_nothing(session: pytest.Session) -> bool:
    option = session.config.option
    stops = session.testsfailed and not option.continue_on_collection_errors
    return bool(option.collectonly or getattr(option, "setupplan", False) or stops)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Begin to note what a migration test sees."""
    if RUN in item.config.stash:
        from pytest_llm_migrate.plugin.outcomes import prepare

        item.config.stash[TEST] = item
        prepare(item)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Forget comparisons made before the test itself runs."""
    if SEEN in item.stash:
        item.stash[SEEN]["checks"].clear()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Call a gate over and over in a self-test, or at one look after the other."""
    __tracebackhide__ = True
    settings = pyfuncitem.config.stash[SETTINGS]
    if not pyfuncitem.stash.get(SEEN, {}).get("gate") or not (settings.self_test or settings.stop_early):
        return None
    if settings.stop_early:
        from pytest_llm_migrate.plugin.stopping import call_gate

        return call_gate(pyfuncitem) or None
    from pytest_llm_migrate.plugin.self_testing import try_gate

    try_gate(pyfuncitem)
    return True


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put what a test saw on its report."""
    report = yield
    if SEEN in item.stash:
        from pytest_llm_migrate.plugin.outcomes import annotate

        annotate(item, call, report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable(
    config: pytest.Config, report: pytest.CollectReport | pytest.TestReport
) -> Generator[None, dict[str, Any], dict[str, Any]]:
    """See to it that a migration test's report reaches the process that reports."""
    data = yield
    if RUN in config.stash and (hasattr(report, "llm_migrate") or getattr(report, "user_properties", None)):
        from pytest_llm_migrate.plugin.sending import sendable

        data = sendable(data)
    return data


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """Show a score that a metric could not give as an error."""
    return ("error", "E", "ERROR") if getattr(report, "llm_migrate_error", False) and report.failed else None


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Close a worker's notes; where reports arrive, write the run's records and reports."""
    run = session.config.stash.get(RUN, None)
    if run is None:
        return
    from pytest_llm_migrate.plugin.progress import end_progress

    end_progress(session.config, run)
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    run.close(reporter.write_line if reporter else str)
    if OUTCOMES in session.config.stash:
        from pytest_llm_migrate.plugin.finish import finish

        finish(session)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say once what another plugin costs a run of migrations, and how to turn it off."""
    if not (config.stash[SETTINGS].target_models and config.pluginmanager.hasplugin("deepeval")):
        return []
    from pytest_llm_migrate.plugin.deepeval_notice import deepeval_notice

    return deepeval_notice()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the verdicts."""
    if RUN in config.stash:
        from pytest_llm_migrate.plugin.finish import print_summary

        print_summary(terminalreporter, config)
