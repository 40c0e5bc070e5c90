"""A variational autoencoder of users' rows."""

from typing import TYPE_CHECKING, Literal

from embedding_features.methods.registry import method
from embedding_features.methods.search_space import Range

if TYPE_CHECKING:
    from embedding_features.methods.trained import Trained


@method(
    family="collaborative",
    exports="user and item vectors",
    weights="ignored",
    tunable={
        "beta": Range(0.01, 1.0, log=True),
        "dropout": Range(0.2, 0.8),
        "lr": Range(3e-4, 1e-2, log=True),
    },
)
def mult_vae(
    dim: int = 64,
    hidden: int = 128,
    latent: int = 64,
    beta: float = 0.2,
    anneal_epochs: int = 20,
    dropout: float = 0.5,
    lr: float = 3e-3,
    batch_size: int = 256,
    epochs: int = 60,
    products: Literal["float32", "bfloat16"] = "float32",
    early_stop: str | None = "recall@20",
    relation: str | None = None,
) -> "Trained":
    """Mult-VAE (Liang et al., WWW 2018): a user's items, encoded with noise and decoded as a multinomial.

    minimise −Σ_i x_ui ln softmax_i(h(z_u) · v) + β KL(q(z_u | x_u) ‖ N(0, 1)), z_u drawn from q

    x_u is the user's row, normalized, with a share of its entries left out. The user's vector is h of the
    mean of q, the decoder's last hidden layer, an item's is its row v of the decoder's last matrix, so that
    their dot product is the logit. A new user has a vector as soon as the network sees the edges. β rises to
    its value over the first ``anneal_epochs``; it stops early by recall@20 on 5 % of the pairs, held out at
    random and not fitted again; ``early_stop: null`` learns from all pairs.
    """
    from embedding_features.encoders import VariationalAutoencoder
    from embedding_features.graph.view import View
    from embedding_features.methods.task import Task
    from embedding_features.methods.trained import Trained
    from embedding_features.objectives import LatentDivergence, OneVsAll
    from embedding_features.sampling import Rows
    from embedding_features.training import Adam, Training

    return Trained(
        view=View.of(relation, weights="one"),
        encoder=VariationalAutoencoder(dim=dim, hidden=hidden, latent=latent, dropout=dropout),
        tasks=(
            Task(
                sampler=Rows(),
                objective=OneVsAll(products=products),
                penalties=(LatentDivergence(weight=beta, epochs=anneal_epochs),),
            ),
        ),
        training=Training(optimizer=Adam(lr=lr), batch_size=batch_size, epochs=epochs, early_stop=early_stop),
    )
