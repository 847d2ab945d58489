"""Scores for answers: the metrics that come along, those made of functions, and the frame for more."""

from pytest_llm_migrate.metrics.asking_metric import AskingMetric
from pytest_llm_migrate.metrics.bert_score import BertScore
from pytest_llm_migrate.metrics.bleu import Bleu
from pytest_llm_migrate.metrics.choice import builtins, resolve
from pytest_llm_migrate.metrics.chrf import ChrF
from pytest_llm_migrate.metrics.code_passes import CodePasses, pass_at_k
from pytest_llm_migrate.metrics.deepeval_names import deepeval_geval, deepeval_metric
from pytest_llm_migrate.metrics.edits import EditSimilarity
from pytest_llm_migrate.metrics.embeddings import EmbeddingSimilarity
from pytest_llm_migrate.metrics.evaluations import BedrockEvaluations, bedrock_evaluations
from pytest_llm_migrate.metrics.exact import ExactMatch
from pytest_llm_migrate.metrics.factual import AnswerCorrectness, FactualCorrectness
from pytest_llm_migrate.metrics.functions import (
    AsyncFunctionMetric,
    BatchFunctionMetric,
    FunctionMetric,
    function_metric,
    metric,
)
from pytest_llm_migrate.metrics.given import ColumnScore, review_scores
from pytest_llm_migrate.metrics.grounding import (
    AnswerRelevancy,
    ContextPrecision,
    ContextRecall,
    ContextRelevancy,
    Faithfulness,
)
from pytest_llm_migrate.metrics.inclusion import Contains, QuasiMatch
from pytest_llm_migrate.metrics.json_documents import JsonSchema, JsonValid
from pytest_llm_migrate.metrics.json_fields import JsonFields
from pytest_llm_migrate.metrics.judge import RubricJudge
from pytest_llm_migrate.metrics.jury import Jury
from pytest_llm_migrate.metrics.labels import LabelAccuracy, label_report
from pytest_llm_migrate.metrics.meteor import Meteor
from pytest_llm_migrate.metrics.monitoring import (
    Jailbreak,
    Language,
    Length,
    Monitor,
    PersonalData,
    PromptInjection,
    Readability,
    Refusal,
    RepeatedAnswers,
    Repetition,
    Sentiment,
    Toxicity,
    ToxicWords,
    monitors,
)
from pytest_llm_migrate.metrics.numeric import NumericMatch
from pytest_llm_migrate.metrics.pairwise import Pairwise
from pytest_llm_migrate.metrics.patterns import CitationsPresent, RegexMatch
from pytest_llm_migrate.metrics.perplexity import Perplexity
from pytest_llm_migrate.metrics.reference import ReferenceMetric
from pytest_llm_migrate.metrics.rouge import RougeL, RougeLsum, RougeN
from pytest_llm_migrate.metrics.rubrics import judge_likert, judge_reference, judge_unit
from pytest_llm_migrate.metrics.rules import JudgedRule, Rule, judged_rule, rule
from pytest_llm_migrate.metrics.similarity import AnswerSimilarity
from pytest_llm_migrate.metrics.style_guide import JudgedStyleGuide, StyleGuide, style_guide, violations
from pytest_llm_migrate.metrics.style_rules import (
    bullets_for_lists,
    claims_present,
    excerpts_verbatim,
    fiscal_year_named,
    not_naming_context,
    nothing_irrelevant,
    numbers_match,
    professional_tone,
    publication_date_given,
    quarters_in_order,
    quarters_named,
    sme_rules,
    word_count,
)
from pytest_llm_migrate.metrics.tokens import TokenF1

__all__ = [
    "AnswerCorrectness",
    "AnswerRelevancy",
    "AnswerSimilarity",
    "AskingMetric",
    "AsyncFunctionMetric",
    "BatchFunctionMetric",
    "BedrockEvaluations",
    "BertScore",
    "Bleu",
    "ChrF",
    "CitationsPresent",
    "CodePasses",
    "ColumnScore",
    "Contains",
    "ContextPrecision",
    "ContextRecall",
    "ContextRelevancy",
    "EditSimilarity",
    "EmbeddingSimilarity",
    "ExactMatch",
    "FactualCorrectness",
    "Faithfulness",
    "FunctionMetric",
    "Jailbreak",
    "JsonFields",
    "JsonSchema",
    "JsonValid",
    "JudgedRule",
    "JudgedStyleGuide",
    "Jury",
    "LabelAccuracy",
    "Language",
    "Length",
    "Meteor",
    "Monitor",
    "NumericMatch",
    "Pairwise",
    "Perplexity",
    "PersonalData",
    "PromptInjection",
    "QuasiMatch",
    "Readability",
    "ReferenceMetric",
    "Refusal",
    "RegexMatch",
    "RepeatedAnswers",
    "Repetition",
    "RougeL",
    "RougeLsum",
    "RougeN",
    "RubricJudge",
    "Rule",
    "Sentiment",
    "StyleGuide",
    "TokenF1",
    "ToxicWords",
    "Toxicity",
    "bedrock_evaluations",
    "builtins",
    "bullets_for_lists",
    "claims_present",
    "deepeval_geval",
    "deepeval_metric",
    "excerpts_verbatim",
    "fiscal_year_named",
    "function_metric",
    "judge_likert",
    "judge_reference",
    "judge_unit",
    "judged_rule",
    "label_report",
    "metric",
    "monitors",
    "not_naming_context",
    "nothing_irrelevant",
    "numbers_match",
    "pass_at_k",
    "professional_tone",
    "publication_date_given",
    "quarters_in_order",
    "quarters_named",
    "resolve",
    "review_scores",
    "rule",
    "sme_rules",
    "style_guide",
    "violations",
    "word_count",
]
