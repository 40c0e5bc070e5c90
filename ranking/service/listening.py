"""The listening socket: taken before anything is loaded, and given up so that nobody who got in is lost."""

import ctypes
import select
import socket
import struct
import sys
from contextlib import suppress

from embedding_features.errors import ConfigError

_SO_ATTACH_FILTER = 26
#: a BPF program over a segment from its TCP header on: one whose flags are SYN without ACK, the first of a
#: handshake, is dropped, and all others are kept (socket(7); McCanne and Jacobson, USENIX 1993)
_NO_HANDSHAKE = struct.pack(
    "=" + "HBBI" * 5,
    *(0x30, 0, 0, 13),  # load the byte of the flags
    *(0x54, 0, 0, 0x12),  # keep SYN and ACK of it
    *(0x15, 0, 1, 0x02),  # if that is SYN alone
    *(0x06, 0, 0, 0),  # drop
    *(0x06, 0, 0, 0xFFFFFFFF),  # keep
)


def take_address(host: str, port: int) -> socket.socket:
    """Return a socket that has an address, at which nobody can connect before somebody listens.

    Raises:
        ConfigError: when the address cannot be had.
    """
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except (OSError, ValueError, TypeError) as error:  # the latter two of what can be no name
        found.close()
        reason = getattr(error, "strerror", None) or "this is no name of a host"
        raise cannot_listen(f"{host}:{port}", reason) from None
    return found


def cannot_listen(address: str, reason: str) -> ConfigError:
    """Return the error of an address that cannot be had."""
    return ConfigError(f"cannot listen at {address}: {reason}", fix="choose another --host or --port")


def refuse_handshakes(listening: socket.socket) -> None:
    """Let no handshake begin; those that have begun go on.

    Who asks meanwhile asks again a second later (RFC 6298), and is refused then, or answered by whoever
    listens there next. Without it a connection that is made between the last look and the closing would be
    reset; where the system has no such filter, that moment is left.
    """
    if sys.platform == "linux":
        program = ctypes.create_string_buffer(_NO_HANDSHAKE, len(_NO_HANDSHAKE))
        option = struct.pack("HP", 5, ctypes.addressof(program))
        with suppress(OSError):
            listening.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, option)


def is_readable(descriptor: int) -> bool:
    """Return whether the system holds something for a socket: bytes, an end, or a connection to accept."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
