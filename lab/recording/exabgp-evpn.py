#!/usr/bin/python3
"""ExaBGP 4.2 with one more API command.

Its text syntax has no EVPN routes, though its encoder has. `announce evpn {...}` and `withdraw evpn {...}` take a JSON
object, build the route and its attributes out of ExaBGP's own classes, and give it to the neighbors' Adj-RIB-Out.
"""
import json
import sys

from exabgp.application import run_exabgp
from exabgp.bgp.message import OUT
from exabgp.bgp.message.update.attribute import LocalPreference, Origin
from exabgp.bgp.message.update.attribute.attributes import Attributes
from exabgp.bgp.message.update.attribute.community.extended import ExtendedCommunities, ExtendedCommunity
from exabgp.bgp.message.update.attribute.pmsi import PMSIIngressReplication
from exabgp.bgp.message.update.nlri.evpn.mac import MAC
from exabgp.bgp.message.update.nlri.evpn.multicast import Multicast
from exabgp.bgp.message.update.nlri.evpn.prefix import Prefix
from exabgp.bgp.message.update.nlri.qualifier import ESI, EthernetTag, Labels, RouteDistinguisher
from exabgp.bgp.message.update.nlri.qualifier.mac import MAC as MACQualifier
from exabgp.protocol.ip import IP
from exabgp.reactor.api.command.command import Command
from exabgp.rib.change import Change


def build(route):
    administrator, number = route['rd'].split(':')
    rd = RouteDistinguisher.fromElements(administrator, int(number))
    etag = EthernetTag(route.get('etag', 0))
    nexthop = IP.create(route['nexthop'])
    ip = IP.create(route['ip']) if 'ip' in route else None
    label = Labels([0], raw_labels=[route['label']]) if 'label' in route else Labels.NOLABEL
    if route['type'] == 2:
        nlri = MAC(rd, ESI(), etag, MACQualifier(route['mac']), 48, label, ip, nexthop=nexthop)
    elif route['type'] == 3:
        nlri = Multicast(rd, etag, ip, nexthop=nexthop)
    else:
        gateway = IP.create(route['gateway'])
        nlri = Prefix(rd, ESI(), etag, label, ip, route['length'], gateway, nexthop=nexthop)
    attributes = Attributes()
    attributes.add(Origin(Origin.IGP))
    attributes.add(LocalPreference(100))
    communities = ExtendedCommunities()
    for community in route.get('communities', []):
        communities.add(ExtendedCommunity.unpack(bytes.fromhex(community)))
    attributes.add(communities)
    if 'pmsi' in route:
        attributes.add(PMSIIngressReplication(route['pmsi'], raw_label=route['vni']))
    return Change(nlri, attributes)


def command(name, action):
    @Command.register('text', name)
    def run(self, reactor, service, line):
        def callback():
            change = build(json.loads(line[line.index('{'):]))
            change.nlri.action = action
            reactor.configuration.inject_change(reactor.peers(service), change)
            reactor.processes.answer_done(service)
            yield True

        reactor.asynchronous.schedule(service, line, callback())
        return True


command('announce evpn', OUT.ANNOUNCE)
command('withdraw evpn', OUT.WITHDRAW)
sys.argv[0] = 'exabgp'
run_exabgp()
