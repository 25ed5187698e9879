"""Simulated trials and their register deliveries, from declared margins. Nobody in them exists.

Used by the demonstration, by power and coverage simulations, by tests and by benchmarks.
"""

from evaluation.simulation.deliveries import until, write_deliveries
from evaluation.simulation.people import seklar_participants
from evaluation.simulation.seklar import simulate_seklar

__all__ = ["seklar_participants", "simulate_seklar", "until", "write_deliveries"]
