"""What is known of the times of a history's events."""

import math

import torch
from torch import Tensor

_HOUR = 3_600_000_000
#: µs of an hour, a day, a week, four weeks and a year
_PERIODS = (_HOUR, 24 * _HOUR, 168 * _HOUR, 672 * _HOUR, 8766 * _HOUR)
#: numbers of an event
TIME_FEATURES = 1 + 4 * len(_PERIODS)


def time_features(times: Tensor, there: Tensor) -> Tensor:
    """Return [n, m, features] float32 of events, made of them and of the one before each alone.

    Sines and cosines of the time, and of the gap to the event before, over fixed periods, and ln(1 + the gap
    in seconds): Pancha et al., PinnerFormer, KDD 2022, section 3.2. A first event has the gap 0.

    Args:
        times: [n, m] int64 µs.
        there: [n, m] False in padding, which comes first.
    """
    gaps = torch.zeros_like(times)
    gaps[:, 1:] = torch.where(there[:, :-1], times[:, 1:] - times[:, :-1], 0)
    found = [torch.log1p(gaps.double() / 1e6)]
    for values in (times, gaps):
        for period in _PERIODS:
            angle = 2 * math.pi * (values % period).double() / period
            found += [angle.sin(), angle.cos()]
    return torch.stack(found, -1).float()
