"""How unlikely it is to see so many or more: exact tails of three distributions, without tables or other libraries."""

from math import exp, inf, lgamma, log, log1p

_ENOUGH = 1e-12  # terms smaller than this share of the sum change nothing that anybody sees
_ROUNDS = 10_000


def binomial_tail(bad: int, total: int, share: float) -> float:
    """P(X >= bad) of `total` independent events each bad with probability `share`."""
    if bad <= 0:
        return 1.0
    if bad > total or share <= 0:
        return 0.0
    if share >= 1:
        return 1.0
    if bad < total * share:  # the short side of the distribution is the other one
        return 1.0 - binomial_tail(total - bad + 1, total, 1 - share)
    term = exp(
        lgamma(total + 1) - lgamma(bad + 1) - lgamma(total - bad + 1) + bad * log(share) + (total - bad) * log1p(-share)
    )
    found, odds = term, share / (1 - share)
    for number in range(bad, total):
        term *= odds * (total - number) / (number + 1)
        found += term
        if term < found * _ENOUGH:
            break
    return min(found, 1.0)


def poisson_tail(seen: int, expected: float) -> float:
    """P(X >= seen) where so many are expected."""
    if seen <= 0:
        return 1.0
    if expected <= 0:
        return 0.0
    if seen < expected:
        return 1.0 - _poisson_below(seen, expected)
    term = exp(seen * log(expected) - expected - lgamma(seen + 1))
    found, number = term, seen
    while term > found * _ENOUGH and number < seen + _ROUNDS:
        number += 1
        term *= expected / number
        found += term
    return min(found, 1.0)


def _poisson_below(seen: int, expected: float) -> float:
    """P(X < seen), for seen < expected: from the largest term down."""
    number = seen - 1
    term = exp(number * log(expected) - expected - lgamma(number + 1))
    found = term
    while number > 0 and term > found * _ENOUGH:
        term *= number / expected
        number -= 1
        found += term
    return min(found, 1.0)


def chi_square_tail(value: float, degrees: int) -> float:
    """P(X >= value) of a chi-square distribution: the upper incomplete gamma function (Abramowitz and Stegun 6.5)."""
    if value <= 0 or degrees <= 0:
        return 1.0
    if value == inf:
        return 0.0
    shape, x = degrees / 2, value / 2
    scale = exp(shape * log(x) - x - lgamma(shape))
    if x < shape + 1:
        term = found = 1 / shape
        for number in range(1, _ROUNDS):
            term *= x / (shape + number)
            found += term
            if term < found * _ENOUGH:
                break
        return max(0.0, 1.0 - found * scale)
    return min(1.0, scale * _continued(shape, x))


def _continued(shape: float, x: float) -> float:
    """The continued fraction of the upper incomplete gamma function, by Lentz's method."""
    tiny = 1e-300
    b = x + 1 - shape
    c, d = 1 / tiny, 1 / b
    found = d
    for number in range(1, _ROUNDS):
        a = -number * (number - shape)
        b += 2
        d = a * d + b
        d = 1 / (d if abs(d) > tiny else tiny)
        c = b + a / c
        c = c if abs(c) > tiny else tiny
        found *= d * c
        if abs(d * c - 1) < _ENOUGH:
            break
    return found
