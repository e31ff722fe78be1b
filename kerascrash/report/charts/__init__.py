"""Geometry of the charts: positions are computed here, templates only draw."""
