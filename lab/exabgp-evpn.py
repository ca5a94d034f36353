"""ExaBGP with two commands more: `announce evpn …` and `withdraw evpn …`.

ExaBGP 4.2 encodes and decodes EVPN routes, but its configuration has no words for them. The words before the bar make
the NLRI, the rest is what `announce route` takes:

  announce evpn mac RD VNI TAG MAC IP|- | next-hop 10.0.0.9 extended-community [ target:65000:10010 ]
  announce evpn multicast RD VNI TAG ORIGINATOR | next-hop 10.0.0.9 attribute [ 0x16 0xc0 0x… ]

It announces to all neighbors.
"""

import sys

from exabgp.application import run_exabgp
from exabgp.bgp.message import OUT
from exabgp.bgp.message.update.nlri.evpn.mac import MAC as MacRoute
from exabgp.bgp.message.update.nlri.evpn.multicast import Multicast
from exabgp.bgp.message.update.nlri.qualifier import ESI, MAC, EthernetTag, Labels, RouteDistinguisher
from exabgp.protocol.family import AFI
from exabgp.protocol.ip import IP
from exabgp.reactor.api.command.command import Command
from exabgp.rib.change import Change


def distinguisher(text):
    """RouteDistinguisher of `10.9.9.9:1` (type 1 of RFC 4364)."""
    address, number = text.rsplit(':', 1)
    return RouteDistinguisher(b'\x00\x01' + bytes(map(int, address.split('.'))) + int(number).to_bytes(2, 'big'))


def vni_label(vni):
    """A label field that carries all 24 bits of a VNI (RFC 8365, section 5.1.3)."""
    return Labels([int(vni) >> 4], bos=False, raw_labels=[int(vni)])


def nlri_of(words):
    kind, rd, vni, tag, *rest = words
    if kind == 'mac':
        mac, ip = rest
        address = IP.create(ip) if ip != '-' else None
        return MacRoute(distinguisher(rd), ESI(), EthernetTag(int(tag)), MAC(mac), 48, vni_label(vni), address)
    if kind == 'multicast':
        return Multicast(distinguisher(rd), EthernetTag(int(tag)), IP.create(rest[0]))
    raise ValueError('evpn %s: expected mac or multicast' % kind)


def inject(self, reactor, service, line, action):
    def callback():
        try:
            words, attributes = line.split('|', 1)
            nlri = nlri_of(words.split()[2:])
            (carrier,) = self.api_route('announce route 192.0.2.0/32 ' + attributes.strip())
            nlri.afi = AFI.l2vpn
            nlri.action = action
            nlri.nexthop = carrier.nlri.nexthop
            reactor.configuration.inject_change(reactor.peers(service), Change(nlri, carrier.attributes))
            reactor.processes.answer_done(service)
        except Exception as error:  # whatever is wrong with the line, the peer lives on
            self.log_failure('evpn: %s: %s' % (line, error))
            reactor.processes.answer_error(service)
        yield True

    reactor.asynchronous.schedule(service, line, callback())
    return True


@Command.register('text', 'announce evpn')
def announce_evpn(self, reactor, service, line):
    return inject(self, reactor, service, line, OUT.ANNOUNCE)


@Command.register('text', 'withdraw evpn')
def withdraw_evpn(self, reactor, service, line):
    return inject(self, reactor, service, line, OUT.WITHDRAW)


if __name__ == '__main__':
    sys.exit(run_exabgp())
