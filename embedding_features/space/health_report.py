"""The report of the health gate: one check for each node type and figure."""

from dataclasses import dataclass
from typing import Literal

from embedding_features.errors import HealthError


@dataclass(frozen=True)
class Check:
    """One figure of one node type beside its threshold; ``rule`` says on which side of it is healthy."""

    node_type: str
    figure: str
    value: float
    rule: Literal["<=", ">="]
    threshold: float

    @property
    def passed(self) -> bool:
        """Whether the figure is on the healthy side of its threshold."""
        return self.value <= self.threshold if self.rule == "<=" else self.value >= self.threshold

    def __str__(self) -> str:
        mark = "ok    " if self.passed else "FAILED"
        figure = f"{self.node_type} {self.figure}"
        return f"{mark} {figure:<32} {self.value:.4g} (must be {self.rule} {self.threshold:.4g})"


@dataclass(frozen=True)
class HealthReport:
    """The checks of a snapshot, and what the gate makes of them.

    Attributes:
        checks: one for each node type and figure.
    """

    checks: tuple[Check, ...]

    @property
    def healthy(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    @property
    def figures(self) -> dict[str, dict[str, float]]:
        """Return node type → figure → value, as a manifest records them."""
        figures: dict[str, dict[str, float]] = {}
        for check in self.checks:
            figures.setdefault(check.node_type, {})[check.figure] = check.value
        return figures

    def raise_if_unhealthy(self) -> None:
        """Refuse the snapshot if a check failed.

        Raises:
            HealthError: with every figure and its threshold.
        """
        if not self.healthy:
            raise HealthError(
                "the health gate refused the snapshot:\n" + "\n".join(f"  {check}" for check in self.checks),
                fix="mend the data or the method; or, where the figure is right, move the threshold",
            )
