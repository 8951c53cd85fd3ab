"""Scripts that make the weights which ship with provbench.

Each is seeded and needs nothing but provbench: running one again on the same kind of machine gives the same file. They
import the benchmarks; nothing imports them.
"""
