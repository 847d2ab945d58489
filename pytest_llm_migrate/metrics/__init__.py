"""Scores for answers: the metrics that come along, those made of functions, and the frame for more."""

from pytest_llm_migrate.metrics.asking_metric import AskingMetric
from pytest_llm_migrate.metrics.bleu import Bleu
from pytest_llm_migrate.metrics.choice import builtins, resolve
from pytest_llm_migrate.metrics.chrf import ChrF
from pytest_llm_migrate.metrics.code_passes import CodePasses, pass_at_k
from pytest_llm_migrate.metrics.edits import EditSimilarity
from pytest_llm_migrate.metrics.embeddings import EmbeddingSimilarity
from pytest_llm_migrate.metrics.exact import ExactMatch
from pytest_llm_migrate.metrics.functions import FunctionMetric, function_metric, metric
from pytest_llm_migrate.metrics.inclusion import Contains, QuasiMatch
from pytest_llm_migrate.metrics.json_documents import JsonSchema, JsonValid
from pytest_llm_migrate.metrics.json_fields import JsonFields
from pytest_llm_migrate.metrics.judge import RubricJudge
from pytest_llm_migrate.metrics.jury import Jury
from pytest_llm_migrate.metrics.labels import LabelAccuracy, label_report
from pytest_llm_migrate.metrics.meteor import Meteor
from pytest_llm_migrate.metrics.numeric import NumericMatch
from pytest_llm_migrate.metrics.pairwise import Pairwise
from pytest_llm_migrate.metrics.patterns import CitationsPresent, RegexMatch
from pytest_llm_migrate.metrics.reference import ReferenceMetric
from pytest_llm_migrate.metrics.rouge import RougeL, RougeLsum, RougeN
from pytest_llm_migrate.metrics.rubrics import judge_likert, judge_reference, judge_unit
from pytest_llm_migrate.metrics.tokens import TokenF1

__all__ = [
    "AskingMetric",
    "Bleu",
    "ChrF",
    "CitationsPresent",
    "CodePasses",
    "Contains",
    "EditSimilarity",
    "EmbeddingSimilarity",
    "ExactMatch",
    "FunctionMetric",
    "JsonFields",
    "JsonSchema",
    "JsonValid",
    "Jury",
    "LabelAccuracy",
    "Meteor",
    "NumericMatch",
    "Pairwise",
    "QuasiMatch",
    "ReferenceMetric",
    "RegexMatch",
    "RougeL",
    "RougeLsum",
    "RougeN",
    "RubricJudge",
    "TokenF1",
    "builtins",
    "function_metric",
    "judge_likert",
    "judge_reference",
    "judge_unit",
    "label_report",
    "metric",
    "pass_at_k",
    "resolve",
]
