"""Bundles: trained rankers with all they need to serve, and the runs of features they may be served with."""

from ranking.bundle.bundle import Bundle, load_bundle
from ranking.bundle.export import export_bundle
from ranking.bundle.pins import Pin, check_pins, make_pins
from ranking.bundle.record import BundleRecord

__all__ = ["Bundle", "BundleRecord", "Pin", "check_pins", "export_bundle", "load_bundle", "make_pins"]
