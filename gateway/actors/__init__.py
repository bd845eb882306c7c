"""The actors of the standard: what they are asked, as values, and what they answer.

Wire forms end before an actor and begin after it; the world is behind :mod:`gateway.ports`.
"""
