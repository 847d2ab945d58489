from __future__ import annotations
from tests.plugin.suite import *


def test_a(suite):
    suite.rows(golden(broken=[3]))
    suite.tests()
    r = suite.judge()
    print(suite.results)
    print(suite.lines[3])


def test_b(suite, bedrock):
    suite.rows(golden(broken=[3]))
    suite.tests()
    r = suite.migrate()
    print(len(bedrock.asked), suite.results)
    r = suite.migrate()
    print(len(bedrock.asked), suite.lines[3])


def test_c(suite):
    suite.rows(golden(broken=[3]))
    suite.tests()
    r = suite.judge("-n2")
