"""ZIP archives of which every field can be made wrong."""

import struct
import zlib

STORED, DEFLATED = 0, 8


def deflate(content, level=6):
    packer = zlib.compressobj(level, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


def field(number, content):
    return struct.pack("<HH", number, len(content)) + content


class Entry:
    """An entry; local and central hold the fields of the headers that are to be other ones."""

    def __init__(self, name, content, method=STORED, data=None, local=None, central=None, extra=b"",
                 central_extra=b"", descriptor=None, flags=0, comment=b"", before=b""):
        self.name = name if isinstance(name, bytes) else name.encode()
        if not self.name.isascii():
            flags |= 0x800
        data = data if data is not None else deflate(content) if method == DEFLATED else content
        self.data = data
        self.fields = {"name": self.name, "flags": flags, "method": method,
                       "crc": zlib.crc32(content), "packed": len(data), "size": len(content),
                       "version": 20}
        self.local = self.fields | (local or {})
        self.central = self.fields | {"disk": 0} | (central or {})
        self.extra, self.central_extra = extra, central_extra
        self.descriptor, self.comment, self.before = descriptor, comment, before

    def header(self):
        f = self.local
        return struct.pack("<IHHHIIIIHH", 0x04034b50, f["version"], f["flags"], f["method"],
                           0x210000, f["crc"], f["packed"], f["size"], len(f["name"]),
                           len(self.extra)) + f["name"] + self.extra

    def record(self, offset):
        f = self.central
        offset = f.get("offset", offset)
        return struct.pack("<IHHHHIIIIHHHHHII", 0x02014b50, 20, f["version"], f["flags"],
                           f["method"], 0x210000, f["crc"], f["packed"], f["size"], len(f["name"]),
                           len(self.central_extra), len(self.comment), f["disk"], 0, 0,
                           offset) + f["name"] + self.central_extra + self.comment


def descriptor(entry, wide=False, signature=True, **other):
    f = entry.fields | other
    return (b"PK\7\10" if signature else b"") + struct.pack(
        "<IQQ" if wide else "<III", f["crc"], f["packed"], f["size"])


def end64(fields):
    """The Zip64 end record and its locator."""
    f = {"length": 44, "disk": 0, "disks": 1} | fields
    return struct.pack("<IQHHIIQQQQ", 0x06064b50, f["length"], 45, 45, f["disk"], 0, f["count"],
                       f["count"], f["size"], f["offset"]) + struct.pack(
                           "<IIQI", 0x07064b50, 0, f["locator"], f["disks"])


def archive(entries, prefix=b"", gap=b"", suffix=b"", comment=b"", zip64=None, tail=b"",
            order=None, **end):
    """zip64: the fields of a Zip64 end record that are to be other ones. tail: between the central
    directory and the end records. order: of the central directory, numbers of entries."""
    out = bytearray(prefix)
    offsets = []
    for entry in entries:
        out += entry.before
        offsets.append(len(out))
        out += entry.header() + entry.data
        if entry.descriptor is not None:
            out += entry.descriptor
    out += gap
    start = len(out)
    for number in order if order is not None else range(len(entries)):
        out += entries[number].record(offsets[number])
    size = len(out) - start
    out += tail
    count = len(entries) if order is None else len(order)
    if zip64 is not None:
        out += end64({"count": count, "size": size, "offset": start, "locator": len(out)} | zip64)
    f = {"disk": 0, "cd_disk": 0, "here": count, "count": count, "size": size, "offset": start} | end
    out += struct.pack("<IHHHHIIH", 0x06054b50, f["disk"], f["cd_disk"], f["here"], f["count"],
                       f["size"], f["offset"], len(comment)) + comment
    return bytes(out + suffix)


def npy(values):
    """A .npy file of bytes."""
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({len(values)},), }}"
    text = text.ljust(117) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode() + bytes(values)
