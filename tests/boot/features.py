#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Features of the build for servers (optional_needs in base/lib.sh).

A scene is skipped, with the reason, if the build does not have its feature, or if the
host does not have a program that it needs.

    features.py lists | screens | sandbox | tpm | files 9p | files virtiofs |
                disks | migration | numa
"""

import contextlib
import ctypes
import hashlib
import http.server
import os
import re
import secrets
import shutil
import socket
import subprocess
import threading
from pathlib import Path

from devguest import MIB, DeviceGuest, Mode, blank, pattern, poll, workspace
from devices import fill
from guest import BUILD, expect, guest_file, main_of, skip
from patience import PATIENCE
from rfb import Client, png_pixels

BINARY = os.environ.get('PAPR_QEMU', str(BUILD / 'qemu-system-ppc64'))
MODE = Mode('xive', 'plain', 'own')


def needs(*features):
    """Skip the scene unless the build has FEATURES, names of config-host.h."""
    config = (BUILD / 'config-host.h').read_text()
    for feature in features:
        if not re.search(rf'^#define CONFIG_{feature}\b', config, re.M):
            skip(f'the build has no {feature}: see what configure leaves out')


def program(name, *places):
    """The path of the host's program NAME, or skip."""
    path = shutil.which(name, path=os.pathsep.join((os.environ.get('PATH', ''), '/usr/sbin',
                                                    *places)))
    return path or skip(f'the host has no {name}')


def modules(*names):
    """Skip unless the initramfs can load modules NAMES."""
    for name in names:
        if not list(guest_file(f'modules-{MODE.kernel}').glob(f'{name}.ko*')):
            skip(f'no module {name} of the guest: run ./configure')


def answer(*words):
    """The output of QEMU for WORDS, such as `-device help`; that of -tpmdev is an error."""
    return subprocess.run([BINARY, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False).stdout


@contextlib.contextmanager
def server(path, *command):
    """COMMAND, a daemon in the foreground, once it listens at PATH."""
    with subprocess.Popen(['setpriv', '--pdeathsig', 'KILL', *map(str, command)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            poll(lambda: path.exists() or process.poll() is not None, f'{command[0]} at {path}')
            if process.poll() is not None:
                lines = process.stdout.read().strip().splitlines()
                skip(f'{command[0]} does not run here: {lines[-1] if lines else "no word"}')
            yield process
        finally:
            process.kill()


# lists of QEMU: the words that request one, a feature of the build, a word of the output
LISTED = [
    ('-display help', 'CURSES', 'curses'),
    ('-device help', 'USB_LIBUSB', 'usb-host'),
    ('-device help', 'VIRTFS', 'virtio-9p-pci'),
    ('-device help', 'VHOST_USER', 'vhost-user-fs-pci'),
    ('-device help', 'VHOST_NET', 'vhost-vsock-pci'),
    ('-netdev help', 'VHOST_NET_VDPA', 'vhost-vdpa'),
    ('-netdev help', 'L2TPV3', 'l2tpv3'),
    ('-object help', 'GNUTLS', 'tls-creds-x509'),
    ('-object help', 'SECRET_KEYRING', 'secret_keyring'),
    ('-tpmdev help', 'TPM', 'emulator'),
]
FORMATS = 'luks qcow2 raw vdi vhdx vmdk vpc vvfat https ftp'.split()


def lists():
    """Devices, backends, formats of images and of dumps are listed."""
    needs(*(feature for _, feature, _ in LISTED), 'CURL', 'LZO', 'SNAPPY')
    if 'usbredirparser' in (BUILD / 'build.ninja').read_text():
        expect('"usb-redir"' in answer('-M', 'pseries', '-device', 'help'), 'no usb-redir')
    for words, _, name in LISTED:
        expect(re.search(rf'\b{re.escape(name)}\b', answer('-M', 'pseries', *words.split())),
               f'{words} does not list {name}')
    formats = subprocess.run([BUILD / 'qemu-img', '--help'], stdout=subprocess.PIPE, text=True,
                             check=True).stdout
    formats = re.search(r'^Supported image formats:\n(.*?)\n\n', formats,
                        re.M | re.S).group(1).split()
    expect(set(FORMATS) <= set(formats), f'formats: {formats}')
    with DeviceGuest(MODE, args=['-S']) as guest:
        guest.launch()
        dumps = guest.cmd('query-dump-guest-memory-capability')['formats']
        expect({'kdump-lzo', 'kdump-snappy', 'kdump-zlib'} <= set(dumps), f'dumps: {dumps}')


def screens():
    """VNC and a PNG screendump have what Linux draws, pixel for pixel."""
    needs('VNC', 'PNG')
    with workspace() as directory:
        picture = directory / 'screen.png'
        # the name of a socket is limited to some 100 characters
        path = Path(f'/tmp/papr-vnc-{os.getpid()}')
        with DeviceGuest(MODE, args=['-device', 'VGA,id=screen,romfile=',
                                     '-vnc', f'unix:{path}']) as guest:
            guest.start('bochs')
            guest.settle('[ -c /dev/fb0 ]')
            guest.run("printf '\\033[?25l' > /dev/tty1")
            width, height = map(int,
                                guest.read('/sys/class/graphics/fb0/virtual_size').split(','))
            client = Client(path)
            for pixel, colour in ((r'\0\0\377\0', b'\xff\0\0'), (r'\377\200\0\0', b'\0\x80\xff')):
                fill(guest, '/dev/fb0', pixel, width * height)
                poll(lambda colour=colour: client.is_all(colour), f'VNC shows {colour}')
                expect((client.width, client.height) == (width, height), 'VNC: another size')
                guest.cmd('screendump', filename=str(picture), device='screen', format='png')
                found = png_pixels(picture.read_bytes())
                expect(found == (width, height, colour * (width * height)),
                       f'PNG: {found[:2]} {found[2][:12]}')
            client.close()
            guest.run('true')


def sandbox():
    """A guest runs with libvirt's -sandbox, and the filter is active."""
    needs('SECCOMP')
    words = 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'
    with workspace() as directory:
        (directory / 'disk').write_bytes(pattern(1, MIB))
        args = ['-sandbox', words,
                '-drive', f'if=none,id=disk,format=raw,file={directory / "disk"}',
                '-device', 'virtio-blk-pci,drive=disk', '-nic', 'user,model=virtio-net-pci']
        with DeviceGuest(MODE, args=args) as guest:
            guest.start('virtio_pci', 'virtio_blk', 'virtio_net')
            disk, = guest.disks([MIB])
            digest = hashlib.sha256(pattern(1, MIB)).hexdigest()
            expect(digest in guest.run(f'sha256sum /dev/{disk}'), 'the disk')
            for task in Path(f'/proc/{guest.get_pid()}/task').iterdir():
                status = (task / 'status').read_text()
                expect(re.search(r'^Seccomp:\s*2$', status, re.M), f'no filter: {status}')


def tpm():
    """swtpm is a backend of -tpmdev; a server that is no TPM is refused."""
    needs('TPM')
    swtpm = program('swtpm')
    with workspace() as directory:
        path = Path(f'/tmp/papr-tpm-{os.getpid()}')
        args = ['-S', '-chardev', f'socket,id=tpm,path={path}', '-tpmdev',
                'emulator,id=tpm0,chardev=tpm']
        with server(path, swtpm, 'socket', '--tpm2', '--tpmstate', f'dir={directory}',
                    '--ctrl', f'type=unixio,path={path}') as process:
            with DeviceGuest(MODE, args=args) as guest:
                guest.launch()
                expect('emulator' in guest.cmd('query-tpm-types'), 'no type emulator')
                # no device uses it (in tpm.py one does)
                expect(guest.cmd('query-tpm') == [], guest.cmd('query-tpm'))
                expect(any(chardev['label'] == 'tpm' for chardev in guest.cmd('query-chardev')),
                       'no connection')
                expect(process.poll() is None, 'swtpm has ended')
        path.unlink(missing_ok=True)
        # a listener that never answers
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen(1)
            threading.Thread(target=lambda: listener.accept()[0].close(), daemon=True).start()
            done = subprocess.run([BINARY, '-nodefaults', '-display', 'none', *args],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  check=False, timeout=120 * PATIENCE)
            expect(done.returncode == 1 and 'tpm-emulator' in done.stdout,
                   f'status {done.returncode}: {done.stdout}')
        path.unlink()


def share(guest, directory, mount, name):
    """Files of DIRECTORY, once MOUNTed on /mnt: read, written, listed, by checksums."""
    data = {f'file{n}': pattern(n, n * MIB + 4097 * n) for n in range(4)}
    for file, content in data.items():
        (directory / file).write_bytes(content)
    guest.run(f'mkdir -p /mnt && {mount}')
    expect(name in guest.run('grep /mnt /proc/mounts'), guest.run('cat /proc/mounts'))
    for file, content in data.items():
        found = guest.run(f'sha256sum /mnt/{file}').split()[0]
        expect(found == hashlib.sha256(content).hexdigest(), f'{file} reads as {found}')
    guest.run('mkdir /mnt/made && cat /mnt/file3 /mnt/file2 > /mnt/made/both &&'
              ' mv /mnt/file1 /mnt/made/moved && rm /mnt/file0 && sync')
    guest.run('umount /mnt')
    made = directory / 'made'
    expect((made / 'both').read_bytes() == data['file3'] + data['file2'], 'what was written')
    expect((made / 'moved').read_bytes() == data['file1'], 'what was moved')
    expect(sorted(path.name for path in directory.iterdir()) == ['file2', 'file3', 'made'],
           f'{list(directory.iterdir())}')


def share_names(guest, directory, mount):
    """Directories and links of DIRECTORY, once MOUNTed on /mnt.

    virtiofs passes the guest's flags of open(2) to the host unchanged, and those of
    Power have other values than those of other processors: no file can be opened there.
    """
    target = secrets.token_hex(100)
    (directory / 'link').symlink_to(target)
    (directory / 'file').write_bytes(bytes(12345))
    guest.run(f'mkdir -p /mnt && {mount}')
    expect(guest.run('readlink /mnt/link').strip() == target, 'a link reads otherwise')
    expect('12345' in guest.run('ls -l /mnt/file'), 'the size of a file')
    guest.run(f'mkdir /mnt/made && ln -s {target[::-1]} /mnt/made/link &&'
              ' mv /mnt/file /mnt/made/moved && rm /mnt/link')
    guest.run('umount /mnt')
    expect(os.readlink(directory / 'made' / 'link') == target[::-1], 'a link that was made')
    expect((directory / 'made' / 'moved').stat().st_size == 12345, 'a file that was moved')
    expect([path.name for path in directory.iterdir()] == ['made'], f'{list(directory.iterdir())}')


def files(kind):
    """A directory of the host is mounted in the guest."""
    {'9p': files_by_9p, 'virtiofs': files_by_virtiofs}[kind]()


def files_by_9p():
    needs('VIRTFS')
    modules('9p', '9pnet_virtio')
    with workspace() as directory:
        args = ['-fsdev', f'local,id=host,path={directory},security_model=none',
                '-device', 'virtio-9p-pci,fsdev=host,mount_tag=host']
        with DeviceGuest(MODE, args=args) as guest:
            guest.start('virtio_pci', '9pnet_virtio', '9p')
            share(guest, directory,
                  'mount -t 9p -o trans=virtio,version=9p2000.L,msize=65536 host /mnt', ' 9p ')


def files_by_virtiofs():
    needs('VHOST_USER')
    daemon = program('virtiofsd', '/usr/libexec', '/usr/lib/qemu')
    modules('virtiofs')
    options = subprocess.run([daemon, '--help'], stdout=subprocess.PIPE, text=True,
                             check=False).stdout
    path = Path(f'/tmp/papr-fs-{os.getpid()}')
    with workspace() as directory:
        # the daemon of QEMU before 8.0, or its successor
        where = ['--shared-dir', directory, '--sandbox', 'none'] if '--shared-dir' in options \
            else ['-o', f'source={directory},sandbox=chroot']
        with server(path, daemon, f'--socket-path={path}', *where):
            args = ['-object', 'memory-backend-memfd,id=ram,size=1G,share=on',
                    '-chardev', f'socket,id=fs,path={path}',
                    '-device', 'vhost-user-fs-pci,chardev=fs,tag=host']
            with DeviceGuest(MODE, machine=',memory-backend=ram', args=args) as guest:
                guest.start('virtio_pci', 'virtiofs')
                mount = 'mount -t virtiofs host /mnt'
                if os.uname().machine.startswith('ppc64'):
                    share(guest, directory, mount, ' virtiofs ')
                else:
                    share_names(guest, directory, mount)
        for rest in (path, Path(f'{path}.pid')):
            rest.unlink(missing_ok=True)


def has_io_uring():
    """Whether the host's kernel permits io_uring (io_uring_setup(2))."""
    params = ctypes.create_string_buffer(120)
    fd = ctypes.CDLL(None, use_errno=True).syscall(425, 4, params)
    if fd >= 0:
        os.close(fd)
    return fd >= 0


class Pages(http.server.BaseHTTPRequestHandler):
    """Serves ranges of DATA."""

    protocol_version = 'HTTP/1.1'
    data = b''

    def log_message(self, *_):
        """Not on the test's output."""

    def do_HEAD(self):  # pylint: disable=invalid-name
        """The size, and that ranges are supported."""
        self.send_response(200)
        self.send_header('Accept-Ranges', 'bytes')
        self.send_header('Content-Length', str(len(self.data)))
        self.end_headers()

    def do_GET(self):  # pylint: disable=invalid-name
        """One range."""
        first, last = map(int, re.match(r'bytes=(\d+)-(\d+)', self.headers['Range']).groups())
        piece = self.data[first:last + 1]
        self.send_response(206)
        self.send_header('Content-Range',
                         f'bytes {first}-{first + len(piece) - 1}/{len(self.data)}')
        self.send_header('Content-Length', str(len(piece)))
        self.end_headers()
        self.wfile.write(piece)


def disks():
    """Linux AIO, io_uring, an encrypted image and one behind HTTP: read, and written."""
    needs('LINUX_AIO', 'LINUX_IO_URING', 'CURL', 'GNUTLS')
    if not has_io_uring():
        skip("the host's kernel gives no io_uring")
    size = 8 * MIB
    Pages.data = pattern(9, size)
    web = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Pages)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    with workspace() as directory:
        (directory / 'password').write_text('open')
        secret = ['--object', f'secret,id=key,file={directory / "password"}']
        locked = f'driver=luks,key-secret=key,file.filename={directory / "luks"}'
        subprocess.run([BUILD / 'qemu-img', 'create', '-q', *secret, '-f', 'luks',
                        '-o', 'key-secret=key,iter-time=10', directory / 'luks',
                        str(size + 3 * MIB)], check=True)
        images = {
            'native': f'if=none,format=raw,cache=none,aio=native,file='
                      f'{blank(directory / "native", size + MIB)}',
            'ring': f'if=none,format=raw,aio=io_uring,file='
                    f'{blank(directory / "ring", size + 2 * MIB)}',
            'luks': f'if=none,{locked}',
            'web': f'if=none,format=raw,readonly=on,file=http://127.0.0.1:{web.server_port}/image',
        }
        args = [secret[0][1:], secret[1]]
        for name, options in images.items():
            args += ['-drive', f'id={name},{options}', '-device', f'virtio-blk-pci,drive={name}']
        with DeviceGuest(MODE, args=args) as guest:
            guest.start('virtio_pci', 'virtio_blk')
            native, ring, luks, source = guest.disks(
                [size + MIB, size + 2 * MIB, size + 3 * MIB, size])
            for one, other in ((source, native), (native, ring), (ring, luks)):
                guest.run(f'dd if=/dev/{one} of=/dev/{other} bs=64k count={size >> 16}'
                          ' iflag=direct oflag=direct 2> /dev/null')
            digest = hashlib.sha256(Pages.data).hexdigest()
            for disk in (native, ring, luks):
                expect(digest in guest.run(f'head -c {size} /dev/{disk} | sha256sum'),
                       f'{disk} does not have what was written')
            guest.is_well()
        for name in ('native', 'ring'):
            expect((directory / name).read_bytes()[:size] == Pages.data, f'image {name}')
        expect(Pages.data[:4096] not in (directory / 'luks').read_bytes(), 'luks is no cipher')
        subprocess.run([BUILD / 'qemu-img', 'convert', *secret, '--image-opts', locked, '-O', 'raw',
                        directory / 'plain'], check=True)
        expect((directory / 'plain').read_bytes()[:size] == Pages.data, 'image luks')
    web.shutdown()


def migration():
    """A guest migrates by several channels, compressed by zstd, with TLS."""
    needs('ZSTD', 'GNUTLS')
    with workspace() as directory:
        (directory / 'keys.psk').write_text(f'qemu:{secrets.token_hex(32)}\n')
        uri = f'unix:/tmp/papr-move-{os.getpid()}'

        def credentials(side):
            return ['-object', f'tls-creds-psk,id=tls,endpoint={side},dir={directory}']

        with DeviceGuest(MODE, args=credentials('client')) as source, \
                DeviceGuest(MODE, args=[*credentials('server'), '-incoming', 'defer']) as target:
            source.start()
            # some of memory is not zero, and cannot be compressed
            source.run('head -c 64000000 /dev/urandom > /tmp/noise')
            digest = source.run('sha256sum /tmp/noise')
            target.launch()
            for end in (source, target):
                end.cmd('migrate-set-capabilities',
                        capabilities=[{'capability': 'multifd', 'state': True}])
                end.cmd('migrate-set-parameters', **{
                    'multifd-compression': 'zstd', 'multifd-channels': 2,
                    'tls-creds': 'tls', 'tls-hostname': '', 'max-bandwidth': 1 << 30})
            target.cmd('migrate-incoming', uri=uri)
            source.migrate(uri)
            sent = source.cmd('query-migrate')['ram']
            expect(sent['multifd-bytes'] > 64000000, f'{sent}')
            target.arrive()
            target.text = source.text
            expect(target.run('sha256sum /tmp/noise') == digest, 'memory is not what it was')


def numa():
    """Memory on a node of the host."""
    needs('NUMA')
    if not Path('/sys/devices/system/node/node0').exists():
        skip('the host has no NUMA nodes')
    args = ['-object', 'memory-backend-ram,id=ram,size=1G,host-nodes=0,policy=bind', '-S']
    with DeviceGuest(MODE, machine=',memory-backend=ram', args=args) as guest:
        guest.launch()
        backend, = guest.cmd('query-memdev')
        expect(backend['policy'] == 'bind' and backend['host-nodes'] == [0], f'{backend}')


if __name__ == '__main__':
    main_of(lists, screens, sandbox, tpm, files, disks, migration, numa)
