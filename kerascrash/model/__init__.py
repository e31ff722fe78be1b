"""Immutable values of the analyzer: what collectors, rules and reports exchange."""
