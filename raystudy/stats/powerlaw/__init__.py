"""Scaling laws fitted to tables: forms, constants with intervals, and when there are none to tell.

columns, y ──law.fit_law──▶ Law: constants, doubts, held-out error, rivals
"""
