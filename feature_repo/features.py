"""Every Feast object of this repository, built from the manifests of the published snapshots.

Feast collects the objects it finds as attributes of this module. While nothing is published there are none.
Settings are in ``embedding_features.yaml`` beside this file, if there is one. An object of yours with one of
our names is refused, with the line to write there. A moved repository has old paths in its registry:
``embedding-features doctor --fix`` puts them right. Services of your own, such as
``FeatureService(name="production", features=["spectral_user_vector@v2"])``, belong in a file beside this one:
``feast apply`` removes what it does not find.
"""

from pathlib import Path

from embedding_features.store.definitions import definitions

globals().update(definitions(Path(__file__).resolve().parent).named())
