"""Where a Redis server is and how to log in, from a connection string as Feast's Redis store has it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from embedding_features.errors import ConfigError

_TEXTS = ("username", "password", "unix_socket_path", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_FORM = "write host:port,db=0,username=…,password=…,ssl=true"


@dataclass(frozen=True)
class Address:
    """Says where a Redis server is, and how to log in.

    Attributes:
        where: ``host:port`` or the socket's path, for errors.
        login: what redis-py's client takes; never shown, for it may hold a password.
    """

    where: str
    login: Mapping[str, str | int | bool] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Return the address of ``host:port,name=value,…``.

        Raises:
            ConfigError: on more than one server, an unknown name, or a value of another type.
        """
        pieces = [piece.strip() for piece in text.split(",") if piece.strip()]
        servers = [piece for piece in pieces if "=" not in piece]
        login = dict(_setting(*piece.split("=", 1)) for piece in pieces if "=" in piece)
        path = login.get("unix_socket_path")
        if path:
            return cls(str(path), login)
        if len(servers) != 1:
            raise ConfigError(f"the connection string names {len(servers)} Redis servers", fix=_FORM)
        host, _, port = servers[0].rpartition(":")
        if not host or not port.isdigit():
            raise ConfigError(f"{servers[0]!r} is no host and port of Redis", fix=_FORM)
        return cls(servers[0], {"host": host, "port": int(port), **login})


def _setting(name: str, value: str) -> tuple[str, str | int | bool]:
    if name in _TEXTS:
        return name, value.strip('"')
    if name == "db" and value.isdigit():
        return name, int(value)
    if name == "ssl" and value.lower() in ("true", "false"):
        return name, value.lower() == "true"
    raise ConfigError(f"the connection string's {name!r} is unknown, or of another type", fix=_FORM)
