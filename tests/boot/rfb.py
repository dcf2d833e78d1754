# SPDX-License-Identifier: GPL-2.0-or-later
"""A client of VNC: the Remote Framebuffer Protocol 3.8 (RFC 6143), raw pixels only,
and a reader of PNG pictures (ISO/IEC 15948), true colour of 8 bits only."""

import socket
import struct
import zlib

from guest import expect
from patience import PATIENCE

PNG_SIGNATURE = b'\x89PNG\r\n\x1a\n'


class Client:
    """A connection to the server at a Unix socket, after the handshake."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60 * PATIENCE)
        self.socket.connect(str(path))
        version = self.read(12)
        expect(version == b'RFB 003.008\n', f'VNC: version {version}')
        self.socket.sendall(version)
        count, = self.read(1)
        kinds = self.read(count)
        expect(1 in kinds, f'VNC: security types {list(kinds)}, without "none"')
        self.socket.sendall(b'\1')
        expect(self.read(4) == bytes(4), 'VNC: refused')
        # share the screen with others
        self.socket.sendall(b'\1')
        self.width, self.height = struct.unpack('>HH', self.read(4))
        self.read(16)
        length, = struct.unpack('>I', self.read(4))
        self.name = self.read(length).decode()
        # pixels are 32 bits, little-endian: blue, green, red, unused
        self.socket.sendall(struct.pack('>B3xBBBBHHHBBB3x', 0, 32, 24, 0, 1,
                                        255, 255, 255, 16, 8, 0))
        # raw encoding, and messages about another size
        self.socket.sendall(struct.pack('>BxHii', 2, 2, 0, -223))

    def close(self):
        self.socket.close()

    def read(self, size):
        data = b''
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            expect(piece, f'VNC: the server closes after {len(data)} of {size} bytes')
            data += piece
        return data

    def frame(self):
        """The whole screen: rows of pixels, four bytes each."""
        self.socket.sendall(struct.pack('>BBHHHH', 3, 0, 0, 0, self.width, self.height))
        rows = [bytearray(4 * self.width) for _ in range(self.height)]
        missing = self.width * self.height
        while missing > 0:
            kind, = self.read(1)
            if kind == 2:                       # bell
                continue
            if kind == 3:                       # cut text
                self.read(3)
                self.read(struct.unpack('>I', self.read(4))[0])
                continue
            expect(kind == 0, f'VNC: message {kind}')
            for _ in range(struct.unpack('>xH', self.read(3))[0]):
                x, y, width, height, encoding = struct.unpack('>HHHHi', self.read(12))
                if encoding == -223:
                    self.width, self.height = width, height
                    return self.frame()
                expect(encoding == 0, f'VNC: encoding {encoding}')
                for row in range(y, y + height):
                    rows[row][4 * x:4 * (x + width)] = self.read(4 * width)
                missing -= width * height
        return rows

    def is_all(self, colour):
        """Whether all pixels of the screen have COLOUR: red, green, blue."""
        wanted = bytes(reversed(colour)) * self.width
        return all(bytes(byte for n, byte in enumerate(row) if n % 4 != 3) == wanted
                   for row in self.frame())


def png_pixels(data):
    """Width, height and pixels (three bytes each) of the PNG picture DATA."""
    expect(data.startswith(PNG_SIGNATURE), f'no PNG: {data[:16]}')
    at, packed, head = len(PNG_SIGNATURE), b'', None
    while at < len(data):
        length, kind = struct.unpack_from('>I4s', data, at)
        body = data[at + 8:at + 8 + length]
        check, = struct.unpack_from('>I', data, at + 8 + length)
        expect(zlib.crc32(kind + body) == check, f'PNG: checksum of {kind}')
        if kind == b'IHDR':
            head = struct.unpack('>IIBBBBB', body)
        elif kind == b'IDAT':
            packed += body
        at += 12 + length
        if kind == b'IEND':
            break
    expect(head and at == len(data), 'PNG: it does not end where it ends')
    width, height, depth, colours, _, _, interlaced = head
    expect((depth, colours, interlaced) == (8, 2, 0), f'PNG: {head}')
    return width, height, unfilter(zlib.decompress(packed), width, height)


def unfilter(lines, width, height):
    """Undo the filter that the first byte of each of a PNG picture's LINES names."""
    stride, pixels, above = 3 * width, bytearray(), bytearray(3 * width)
    expect(len(lines) == height * (stride + 1), 'PNG: not as many bytes as pixels')
    for row in range(height):
        kind, *line = lines[row * (stride + 1):(row + 1) * (stride + 1)]
        for n in range(stride):
            left = line[n - 3] if n >= 3 else 0
            corner = above[n - 3] if n >= 3 else 0
            line[n] = (line[n] + predicted(kind, left, above[n], corner)) & 0xff
        above = bytearray(line)
        pixels += above
    return bytes(pixels)


def predicted(kind, left, above, corner):
    """The prediction of filter KIND for a byte, from its neighbours."""
    if kind == 4:
        near = {abs(above - corner): left}
        near.setdefault(abs(left - corner), above)
        near.setdefault(abs(left + above - 2 * corner), corner)
        return near[min(near)]
    return (0, left, above, (left + above) // 2)[kind]
