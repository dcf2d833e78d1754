#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Networks: each kind of adapter, to the host through slirp and to another guest.

Arguments: the scene, and words of the mode (devguest.py).
"""

import hashlib
import re
import socket
import threading

from devguest import MIB, Mode, pattern
from guest import expect, main_of
from patience import PATIENCE

SIZE = 16 * MIB
PORT = 5000     # in guests, each of which has its own
DRIVERS = ('virtio_pci', 'virtio_net', 'e1000e', 'ibmveth')


def mac(n):
    return f'52:54:00:12:34:{n:02x}'


def adapter(mode, kind, n):
    """The value of -device for adapter N, of KIND, on netdev N."""
    options = f'netdev=net{n},mac={mac(n)}'
    if kind == 'virtio-net-pci':
        return mode.virtio(kind, f'{options},romfile=')
    return f'{kind},{options}{"" if kind == "spapr-vlan" else ",romfile="}'


def interface(guest, n):
    """The name of adapter N in GUEST."""
    test = f'grep -lx {mac(n)} /sys/class/net/*/address'
    guest.settle(f'{test} > /dev/null 2>&1')
    return guest.run(test).strip().split('/')[4]


def md5(data):
    return hashlib.md5(data).hexdigest()


class HostPeer:
    """A server on the host, on a port that the host chooses, for one connection:
    it sends DATA, or stores what it receives."""

    def __init__(self, data=None):
        self.data = data
        self.received = b''
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.listener.settimeout(120 * PATIENCE)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        with self.listener, self.listener.accept()[0] as connection:
            connection.settimeout(120 * PATIENCE)
            if self.data is None:
                self.received = receive(connection)
            else:
                connection.sendall(self.data)

    def finish(self):
        self.thread.join(240 * PATIENCE)
        return self.received


def receive(connection):
    """All data until the other side closes."""
    received = bytearray()
    while chunk := connection.recv(MIB):
        received += chunk
    return bytes(received)


def forwarded_port(guest, n):
    """The host's port that slirp's netdev N listens on."""
    found = re.search(rf'\(net{n}\).*?TCP\[HOST_FORWARD\]\s+\d+\s+\S+\s+(\d+)',
                      guest.hmp('info usernet'), re.S)
    expect(found, f'no forwarded port: {guest.hmp("info usernet")}')
    return int(found.group(1))


def to_host(guest, n, name):
    """Through slirp: the guest fetches, sends, and receives, by its adapter N."""
    data = pattern(n, SIZE)
    host = f'10.0.{n}.2'
    server = HostPeer(data)
    out = guest.run(f'nc {host} {server.port} < /dev/null > /tmp/data; md5sum < /tmp/data')
    expect(md5(data) in out, f'{name}: received other data: {out}')
    server.finish()
    server = HostPeer()
    guest.run(f'nc {host} {server.port} < /tmp/data')
    expect(server.finish() == data, f'{name}: the host received other data')

    # nc ends when the other side closes, even if it has not sent all: so one after the other
    listen(guest, PORT, '< /tmp/data')
    data2 = pattern(n + 100, SIZE)
    address = ('127.0.0.1', forwarded_port(guest, n))
    with socket.create_connection(address, 120 * PATIENCE) as connection:
        expect(receive(connection) == data, f'{name}: fetched other data')
        connection.sendall(data2)
    out = guest.run(f'wait; cat /tmp/sum-{PORT}')
    expect(md5(data2) in out, f'{name}: was sent other data: {out}')


def listen(guest, port, sends):
    """Listen in the background, with input SENDS; /tmp/sum-PORT gets the checksum received."""
    guest.run(f'(nc -l -p {port} {sends} | md5sum > /tmp/sum-{port}) & true')
    guest.settle(f'netstat -ltn | grep -q :{port}')


def slirp(*words):
    """Each kind of adapter in a network of its own, to the host and from it."""
    mode = Mode(*words)
    kinds = ['virtio-net-pci', 'e1000e', 'spapr-vlan']
    args = []
    for n, kind in enumerate(kinds, 1):
        args += ['-netdev', f'user,id=net{n},net=10.0.{n}.0/24,host=10.0.{n}.2,'
                            f'hostfwd=tcp:127.0.0.1:0-10.0.{n}.15:{PORT}',
                 '-device', adapter(mode, kind, n)]
    with mode.guest(mode, args=args) as guest:
        guest.start(*DRIVERS)
        for n, kind in enumerate(kinds, 1):
            name = interface(guest, n)
            guest.run(f'ip link set {name} up && ip addr add 10.0.{n}.15/24 dev {name}')
            guest.settle(f'ping -c 1 -W 1 10.0.{n}.2 > /dev/null')
            to_host(guest, n, kind)
        guest.is_well()


def guests(*words):
    """Two guests, two networks of socket netdevs: between different kinds of adapters."""
    mode = Mode(*words)
    pairs = [('virtio-net-pci', 'virtio-net-pci'), ('e1000e', 'spapr-vlan')]
    ends = [socket.socketpair() for _ in pairs]
    args = [[], []]
    for n, (kinds, sockets) in enumerate(zip(pairs, ends), 1):
        for side in (0, 1):
            # no port number, which others could use: QEMU inherits the socket
            sockets[side].set_inheritable(True)
            args[side] += ['-netdev', f'socket,id=net{n},fd={sockets[side].fileno()}',
                           '-device', adapter(mode, kinds[side], n)]
            args[side][-1] = args[side][-1].replace(mac(n), mac(n + 16 * side))
    with mode.guest(mode, args=args[0]) as left, mode.guest(mode, args=args[1]) as right:
        left.start(*DRIVERS)
        right.start(*DRIVERS)
        for sockets in ends:
            sockets[0].close()
            sockets[1].close()
        for side, guest in enumerate((left, right)):
            for n in range(1, len(pairs) + 1):
                name = interface(guest, n + 16 * side)
                guest.run(f'ip link set {name} up && '
                          f'ip addr add 10.0.{n}.{1 + side}/24 dev {name}')
            guest.run(f'head -c {SIZE} /dev/urandom > /tmp/data')
        for n in range(1, len(pairs) + 1):
            left.settle(f'ping -c 1 -W 1 10.0.{n}.2 > /dev/null')
            between(left, right, n)
        left.is_well()
        right.is_well()


def between(left, right, n):
    """Both guests send their data on network N, on two connections at the same time."""
    pair = ((left, right), (right, left))
    for _, receiver in pair:
        # open for reading and writing: nc has nothing to send, and no end of its input
        receiver.run('[ -p /tmp/open ] || mkfifo /tmp/open')
        receiver.run('exec 9<>/tmp/open')
        listen(receiver, PORT, '<&9')
    for (sender, _), address in zip(pair, (2, 1)):
        sender.run(f'nc 10.0.{n}.{address} {PORT} < /tmp/data & true')
    for sender, receiver in pair:
        sent = sender.run('md5sum < /tmp/data').split()[0]
        got = receiver.run(f'wait; cat /tmp/sum-{PORT}').split()[0]
        expect(got == sent, f'network {n}: received {got}, sent {sent}')


if __name__ == '__main__':
    main_of(slirp, guests)
