"""Answers what dnspython thinks of packets and texts: one JSON request a line on
standard input, one JSON reply a line on standard output.

  {"read": hex}    -> {"records": [[section, name, ttl, class, type, text, rdata hex], ...]}
  {"write": [...]} -> {"packet": hex}; records as above, without the rdata
  {"text": [type, text]} -> {"rdata": hex}
Failures are {"error": text}.
"""

import json
import sys

import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

SECTIONS = ("answer", "authority", "additional")


def in_one_piece(rdata):
    try:
        return rdata.to_text(chunksize=0)
    except TypeError:  # types that never break their text
        return rdata.to_text()


def show(section, rrset):
    rdata = rrset[0]
    return [
        section,
        rrset.name.to_text(),
        rrset.ttl,
        dns.rdataclass.to_text(rrset.rdclass),
        dns.rdatatype.to_text(rrset.rdtype),
        in_one_piece(rdata),
        rdata.to_wire().hex(),
    ]


def read(packet):
    message = dns.message.from_wire(bytes.fromhex(packet), one_rr_per_rrset=True)
    records = []
    for section in SECTIONS:
        records += [show(section, rrset) for rrset in getattr(message, section)]
    return {"records": records}


def write(records):
    message = dns.message.Message(id=1)
    message.flags = dns.flags.QR
    for section, name, ttl, rdclass, rdtype, text in records:
        rrset = dns.rrset.from_text(name, ttl, rdclass, rdtype, text)
        getattr(message, section).append(rrset)
    return {"packet": message.to_wire(max_size=65535).hex()}


def text(rdtype, given):
    rdata = dns.rdata.from_text("IN", rdtype, given, origin=dns.name.root, relativize=False)
    return {"rdata": rdata.to_wire().hex()}


def reply(request):
    try:
        if "read" in request:
            return read(request["read"])
        if "write" in request:
            return write(request["write"])
        return text(*request["text"])
    except Exception as error:
        return {"error": "%s: %s" % (type(error).__name__, error)}


for line in sys.stdin:
    print(json.dumps(reply(json.loads(line))))
