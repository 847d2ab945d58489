"""Pure, seeded statistics: intervals for scores and quantities, and the rows that a claim needs."""

from pytest_llm_migrate.stats.agreement import (
    LEAST_PAIRS,
    Agreement,
    TrueRates,
    Undefined,
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
    spearman,
    true_rates,
)
from pytest_llm_migrate.stats.design import PLAIN, Design
from pytest_llm_migrate.stats.estimate import (
    STATISTICS,
    Estimate,
    Statistic,
    one_sided_confidence,
    two_sided_confidence,
)
from pytest_llm_migrate.stats.graded import SignedRanks, paired_t, studentised_bootstrap, wilcoxon
from pytest_llm_migrate.stats.independent import independent_difference, unit_mean, unit_scores
from pytest_llm_migrate.stats.means import one_side, paired_difference
from pytest_llm_migrate.stats.multiplicity import benjamini_hochberg, holm
from pytest_llm_migrate.stats.power import (
    rows_needed,
    rows_needed_graded,
    rows_to_settle,
    rows_to_settle_ceiling,
    rows_to_settle_floor,
    smallest_margin,
    smallest_margin_graded,
)
from pytest_llm_migrate.stats.proportions import (
    mcnemar_exact,
    mcnemar_midp,
    tango,
    tango_lower_limit,
    tango_upper_limit,
    wilson,
)
from pytest_llm_migrate.stats.ratios import LEAST_ROWS, PairedQuantity, paired_quantities, quantities, ratio_of
from pytest_llm_migrate.stats.sequential import look_confidences, obrien_fleming_spent
from pytest_llm_migrate.stats.sign_flips import sign_flips
from pytest_llm_migrate.stats.signed_rank import sign_test, signed_rank
from pytest_llm_migrate.stats.weighted import WeightedMeans, weighted_means

__all__ = [
    "LEAST_PAIRS",
    "LEAST_ROWS",
    "PLAIN",
    "STATISTICS",
    "Agreement",
    "Design",
    "Estimate",
    "PairedQuantity",
    "SignedRanks",
    "Statistic",
    "TrueRates",
    "Undefined",
    "WeightedMeans",
    "benjamini_hochberg",
    "cohen_kappa",
    "fleiss_kappa",
    "holm",
    "independent_difference",
    "krippendorff_alpha",
    "look_confidences",
    "mcnemar_exact",
    "mcnemar_midp",
    "obrien_fleming_spent",
    "one_side",
    "one_sided_confidence",
    "paired_difference",
    "paired_quantities",
    "paired_t",
    "quantities",
    "ratio_of",
    "rows_needed",
    "rows_needed_graded",
    "rows_to_settle",
    "rows_to_settle_ceiling",
    "rows_to_settle_floor",
    "sign_flips",
    "sign_test",
    "signed_rank",
    "smallest_margin",
    "smallest_margin_graded",
    "spearman",
    "studentised_bootstrap",
    "tango",
    "tango_lower_limit",
    "tango_upper_limit",
    "true_rates",
    "two_sided_confidence",
    "unit_mean",
    "unit_scores",
    "weighted_means",
    "wilcoxon",
    "wilson",
]
