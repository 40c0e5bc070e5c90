"""How the pull of alignment grows while a ranker trains."""

import math


def strength(progress: float, slope: float = 10.0) -> float:
    """λ_p = 2 / (1 + exp(−γ p)) − 1: 0 at first, then towards 1.

    Ganin et al., Domain-Adversarial Training of Neural Networks, JMLR 17, 2016, section 5.2.2, for the
    reversed gradient; other discrepancies need it as well. At full strength from the first step, two domains
    are nearest where every row is represented alike, and there the task has no gradient to leave by.

    Args:
        progress: p, the share of training that is done, 0 to 1.
        slope: γ.
    """
    return 2 / (1 + math.exp(-slope * progress)) - 1
