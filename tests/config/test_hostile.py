"""The settings against accidents do what they say."""

import socket

import pytest


def test_another_machine_is_out_of_reach() -> None:
    with socket.socket() as plug, pytest.raises(RuntimeError, match="only this machine"):
        plug.connect(("192.0.2.1", 80))


def test_names_of_other_machines_are_not_looked_up() -> None:
    with pytest.raises(RuntimeError, match="only this machine"):
        socket.getaddrinfo("example.org", 80)


def test_this_machine_is_within_reach() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()
