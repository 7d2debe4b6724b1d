"""A peer that does not behave: hostile_peer.py HOW PORT CALLING_TITLE, and the node must go on.

drop: breaks off in the middle of a message. silent: asks for an association and then says nothing. huge: a PDU that
claims 4 GiB. contexts: 128 presentation contexts of nonsense. repeat: the same association request twice. nested: a data
set whose command claims a length beyond it. Prints what came back.
"""
import socket
import struct
import sys
import time

MR = b"1.2.840.10008.5.1.4.1.1.4"
LITTLE = b"1.2.840.10008.1.2.1"


def item(kind, content):
    return struct.pack(">BBH", kind, 0, len(content)) + content


def context(number, abstract=MR, transfer=LITTLE):
    return item(0x20, bytes([number, 0, 0, 0]) + item(0x30, abstract) + item(0x40, transfer))


def request(calling, contexts):
    user = item(0x51, struct.pack(">I", 16384)) + item(0x52, b"1.2.3.4")
    variable = item(0x10, b"1.2.840.10008.3.1.1.1") + contexts + item(0x50, user)
    fixed = struct.pack(">HH", 1, 0) + b"LUMBARGRADE".ljust(16) + calling.ljust(16) + bytes(32)
    return struct.pack(">BBI", 1, 0, len(fixed + variable)) + fixed + variable


def data(fragment, is_command=True, is_last=True):
    value = bytes([1, is_command | is_last << 1]) + fragment
    return struct.pack(">BBI", 4, 0, len(value) + 4) + struct.pack(">I", len(value)) + value


def element(group, number, value):
    return struct.pack("<HHI", group, number, len(value)) + value


def store_command():
    rest = (element(0, 2, MR + b"\0") + element(0, 0x100, struct.pack("<H", 1)) + element(0, 0x110, struct.pack("<H", 1))
            + element(0, 0x700, struct.pack("<H", 0)) + element(0, 0x800, struct.pack("<H", 1))
            + element(0, 0x1000, b"1.2.3.4\0"))
    return element(0, 0, struct.pack("<I", len(rest))) + rest


def main():
    how, port, calling = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode()
    with socket.create_connection(("127.0.0.1", port), timeout=20) as peer:
        if how == "huge":
            peer.sendall(struct.pack(">BBI", 1, 0, 0xFFFFFFFF) + bytes(100000))
        elif how == "contexts":
            peer.sendall(request(calling, b"".join(context(2 * k + 1, b"9.9.%d" % k) for k in range(128))))
        else:
            peer.sendall(request(calling, context(1)))
            assert peer.recv(65536)[:1] == b"\x02", "the association was not accepted"
        if how == "drop":
            peer.sendall(data(store_command()) + data(bytes(8000), False, False)[:5000])
            return
        if how == "repeat":
            peer.sendall(request(calling, context(1)))
        if how == "nested":
            peer.sendall(data(element(0, 0, struct.pack("<I", 0x7FFFFFFF)) + b"\xff" * 2000))
        if how == "garbage":
            peer.sendall(data(store_command()) + data(b"\xfe\xff" * 4000, False, True))
        peer.settimeout(15)
        began = time.time()
        try:
            answer = peer.recv(65536)
        except ConnectionResetError:
            answer = b""
        print("answer", answer[:1].hex() or "closed", f"after {time.time() - began:.0f} s")


main()
