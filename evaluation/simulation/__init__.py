"""Simulated trials and their register deliveries, from declared margins. Nobody in them exists.

`simulate_seklar`: a randomised trial with the published means of SE-KLAR. `simulate_proba`: a comparison without a
draw, with selection into the two measures. `write_national`: a randomised trial of a million people and more. For the
demonstration, power and coverage simulations, tests and benchmarks.
"""

from evaluation.simulation.deliveries import until, write_deliveries
from evaluation.simulation.national import write_national
from evaluation.simulation.people import seklar_participants
from evaluation.simulation.proba import simulate_proba
from evaluation.simulation.seklar import simulate_seklar

__all__ = ["seklar_participants", "simulate_proba", "simulate_seklar", "until", "write_deliveries", "write_national"]
