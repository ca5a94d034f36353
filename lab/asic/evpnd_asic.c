// SPDX-License-Identifier: GPL-2.0
/*
 * A switch ASIC that is none, for tests on machines without one. It has ports, each with a far end for a host, and does
 * with the switchdev notifications of bridges and VXLAN devices what mlxsw does: an address goes into the "chip" once both
 * the bridge's and the VXLAN device's row of it stand, and both are then marked as offloaded. It can refuse, run full
 * without a word, take its time, learn, age and lose addresses. Neighbors it takes all. All forwarding remains the kernel's.
 *
 * Parameters (/sys/module/evpnd_asic/parameters):
 *   driver       the name of the driver that it passes for in sysfs and devlink (read-only)
 *   ports        how many (read-only): swp1 …, each with a far end swp1-host …
 *   limit        addresses that find room, -1 for all; what finds none stays without a mark, and nobody is told
 *   flood_limit  the same of default destinations
 *   veto         an errno with which each row of a VXLAN device is refused at once, 0 for none
 *   fixed        true: a row of a VXLAN device that would change one in the chip is refused; it has to go first
 *   delay_ms     time that the chip takes for a row
 *   learn        true: addresses that a bridge learns on ports become learned by the chip
 *   used         addresses in the chip (read-only)
 * /sys/kernel/debug/evpnd_asic:
 *   command      write `learn PORT MAC VLAN`, `age PORT MAC VLAN` (PORT 1 …), `lose MAC`
 *   table        what is in the chip
 *   events       the notifications in their order; a write empties it
 */
#include <linux/debugfs.h>
#include <linux/etherdevice.h>
#include <linux/hashtable.h>
#include <linux/if_bridge.h>
#include <linux/jhash.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/platform_device.h>
#include <linux/rtnetlink.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/arp.h>
#include <net/devlink.h>
#include <net/ndisc.h>
#include <net/neighbour.h>
#include <net/netevent.h>
#include <net/switchdev.h>
#include <net/vxlan.h>

#define NAME "evpnd_asic"
#define MAX_EVENTS 8192
#define RESOURCE_FDB 1

static char *driver = NAME;
module_param(driver, charp, 0444);
static int ports = 4;
module_param(ports, int, 0444);
static int limit = -1;
module_param(limit, int, 0644);
static int flood_limit = -1;
module_param(flood_limit, int, 0644);
static int veto;
module_param(veto, int, 0644);
static bool fixed;
module_param(fixed, bool, 0644);
static int delay_ms;
module_param(delay_ms, int, 0644);
static bool learn;
module_param(learn, bool, 0644);
static int used;
module_param(used, int, 0444);
static int flood_used;

static const struct netdev_phys_item_id switch_id = { .id = "\xe0\xe0\xe0\xe0\xe0\xe0\xe0\x01", .id_len = 8 };
static struct platform_device *device;
static struct devlink *devlink;
static struct workqueue_struct *chip;
static struct dentry *folder;

/* ---- ports ---- */

struct port {
	struct net_device *peer;
	int number; /* 0 for a far end */
};
static struct net_device **switch_ports;

static netdev_tx_t port_xmit(struct sk_buff *skb, struct net_device *dev)
{
	if (dev_forward_skb(((struct port *)netdev_priv(dev))->peer, skb) != NET_RX_SUCCESS)
		dev->stats.tx_dropped++;
	return NETDEV_TX_OK;
}

static int port_open(struct net_device *dev)
{
	struct net_device *peer = ((struct port *)netdev_priv(dev))->peer;

	if (peer->flags & IFF_UP) {
		netif_carrier_on(dev);
		netif_carrier_on(peer);
	}
	return 0;
}

static int port_stop(struct net_device *dev)
{
	netif_carrier_off(dev);
	netif_carrier_off(((struct port *)netdev_priv(dev))->peer);
	return 0;
}

static int port_parent_id(struct net_device *dev, struct netdev_phys_item_id *id)
{
	if (!((struct port *)netdev_priv(dev))->number)
		return -EOPNOTSUPP;
	*id = switch_id;
	return 0;
}

static int port_name(struct net_device *dev, char *name, size_t length)
{
	int number = ((struct port *)netdev_priv(dev))->number;

	if (!number)
		return -EOPNOTSUPP;
	return snprintf(name, length, "p%d", number) >= length ? -EINVAL : 0;
}

static const struct net_device_ops port_ops = {
	.ndo_open = port_open,
	.ndo_stop = port_stop,
	.ndo_start_xmit = port_xmit,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
	.ndo_get_port_parent_id = port_parent_id,
	.ndo_get_phys_port_name = port_name,
};

static void port_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &port_ops;
	dev->priv_flags |= IFF_LIVE_ADDR_CHANGE;
	dev->features |= NETIF_F_LLTX;
	dev->max_mtu = ETH_MAX_MTU;
	eth_hw_addr_random(dev);
}

static void remove_ports(void)
{
	int i;

	for (i = 0; i < ports && switch_ports[i]; i++) {
		struct net_device *peer = ((struct port *)netdev_priv(switch_ports[i]))->peer;

		unregister_netdev(switch_ports[i]);
		unregister_netdev(peer);
		free_netdev(switch_ports[i]);
		free_netdev(peer);
	}
	kfree(switch_ports);
}

static int add_port(int number)
{
	char near_name[IFNAMSIZ], far_name[IFNAMSIZ];
	struct net_device *dev, *peer;
	int err = -ENOMEM;

	snprintf(near_name, IFNAMSIZ, "swp%d", number);
	snprintf(far_name, IFNAMSIZ, "swp%d-host", number);
	dev = alloc_netdev(sizeof(struct port), near_name, NET_NAME_USER, port_setup);
	peer = alloc_netdev(sizeof(struct port), far_name, NET_NAME_USER, port_setup);
	if (!dev || !peer)
		goto free;
	*(struct port *)netdev_priv(dev) = (struct port){ .peer = peer, .number = number };
	*(struct port *)netdev_priv(peer) = (struct port){ .peer = dev };
	SET_NETDEV_DEV(dev, &device->dev);
	netif_carrier_off(dev);
	netif_carrier_off(peer);
	err = register_netdev(dev);
	if (err)
		goto free;
	err = register_netdev(peer);
	if (err) {
		unregister_netdev(dev);
		goto free;
	}
	switch_ports[number - 1] = dev;
	return 0;
free:
	if (dev)
		free_netdev(dev);
	if (peer)
		free_netdev(peer);
	return err;
}

/* ---- events ---- */

static char *events[MAX_EVENTS];
static unsigned int event_count;
static DEFINE_SPINLOCK(events_lock);

static __printf(1, 2) void record(const char *format, ...)
{
	unsigned long flags;
	va_list list;
	char *line;

	va_start(list, format);
	line = kvasprintf(GFP_ATOMIC, format, list);
	va_end(list);
	spin_lock_irqsave(&events_lock, flags);
	if (line && event_count < MAX_EVENTS) {
		events[event_count++] = line;
		line = NULL;
	}
	spin_unlock_irqrestore(&events_lock, flags);
	kfree(line);
}

static void forget_events(void)
{
	unsigned long flags;

	spin_lock_irqsave(&events_lock, flags);
	while (event_count)
		kfree(events[--event_count]);
	spin_unlock_irqrestore(&events_lock, flags);
}

/* ---- the chip: all of it under rtnl ---- */

/* A row of a VXLAN device; a unicast address has one whatever its VTEP, the all-zero address one for each. */
struct remote {
	struct hlist_node node;
	struct net_device *dev;
	struct switchdev_notifier_vxlan_fdb_info vxlan;
	u16 vid;
	bool in_chip;
	/* The end of the row is notified, and not yet dealt with. */
	bool leaving;
};
static DEFINE_HASHTABLE(remotes, 14);

/* An address on a port. */
struct local {
	struct hlist_node node;
	struct net_device *dev;
	u8 mac[ETH_ALEN];
	u16 vid;
};
static DEFINE_HASHTABLE(locals, 10);

static u32 mac_hash(const u8 *mac)
{
	return jhash(mac, ETH_ALEN, 0);
}

static bool is_flood(const u8 *mac)
{
	return is_zero_ether_addr(mac);
}

static bool same_address(const union vxlan_addr *a, const union vxlan_addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET6)
		return ipv6_addr_equal(&a->sin6.sin6_addr, &b->sin6.sin6_addr);
	return a->sin.sin_addr.s_addr == b->sin.sin_addr.s_addr;
}

static bool is_of(const struct remote *r, struct net_device *dev, const struct switchdev_notifier_vxlan_fdb_info *info)
{
	return r->dev == dev && r->vxlan.vni == info->vni && ether_addr_equal(r->vxlan.eth_addr, info->eth_addr) &&
	       (!is_flood(info->eth_addr) || same_address(&r->vxlan.remote_ip, &info->remote_ip));
}

static struct remote *find_remote(struct net_device *dev, const struct switchdev_notifier_vxlan_fdb_info *info)
{
	struct remote *r;

	hash_for_each_possible(remotes, r, node, mac_hash(info->eth_addr))
		if (is_of(r, dev, info))
			return r;
	return NULL;
}

static void mark_bridge(struct net_device *dev, const u8 *mac, u16 vid, bool offloaded)
{
	struct switchdev_notifier_fdb_info info = { .addr = mac, .vid = vid, .offloaded = offloaded };

	call_switchdev_notifiers(SWITCHDEV_FDB_OFFLOADED, dev, &info.info, NULL);
}

static void mark_vxlan(struct remote *r, bool offloaded)
{
	r->vxlan.offloaded = offloaded;
	call_switchdev_notifiers(SWITCHDEV_VXLAN_FDB_OFFLOADED, r->dev, &r->vxlan.info, NULL);
}

static bool is_port(struct net_device *dev)
{
	return dev->netdev_ops == &port_ops && ((struct port *)netdev_priv(dev))->number;
}

static int stop_at_port(struct net_device *dev, struct netdev_nested_priv *unused)
{
	return is_port(dev);
}

/* A port, or a device of a bridge that has one: all others are none of the chip's business. */
static bool is_of_switch(struct net_device *dev)
{
	struct netdev_nested_priv nothing = {};
	struct net_device *bridge;
	bool found = is_port(dev);

	rcu_read_lock();
	bridge = found ? NULL : netdev_master_upper_dev_get_rcu(dev);
	if (bridge && netif_is_bridge_master(bridge))
		found = netdev_walk_all_lower_dev_rcu(bridge, stop_at_port, &nothing);
	rcu_read_unlock();
	return found;
}

static struct local *find_local(struct net_device *dev, const u8 *mac, u16 vid)
{
	struct local *l;

	hash_for_each_possible(locals, l, node, mac_hash(mac))
		if (l->dev == dev && l->vid == vid && ether_addr_equal(l->mac, mac))
			return l;
	return NULL;
}

static void forget_local(struct local *l)
{
	hash_del(&l->node);
	dev_put(l->dev);
	kfree(l);
	used--;
}

/* The chip has one place for an address of a VLAN: a port's makes way. */
static void displace_locals(struct net_device *bridge, const u8 *mac, u16 vid)
{
	struct hlist_node *next;
	struct local *l;

	hash_for_each_possible_safe(locals, l, next, node, mac_hash(mac))
		if (l->vid == vid && ether_addr_equal(l->mac, mac) && netdev_master_upper_dev_get(l->dev) == bridge)
			forget_local(l);
}

static void enter(struct remote *r)
{
	struct net_device *bridge = netdev_master_upper_dev_get(r->dev);
	const u8 *mac = r->vxlan.eth_addr;
	u16 vid = 0;

	if (r->in_chip || !netif_running(r->dev) || !bridge || !is_of_switch(r->dev))
		return;
	if (is_flood(mac)) {
		if (flood_limit >= 0 && flood_used >= flood_limit)
			return;
		flood_used++;
		r->in_chip = true;
		mark_vxlan(r, true);
		return;
	}
	if (br_vlan_enabled(bridge) && br_vlan_get_pvid(r->dev, &vid))
		return;
	if (br_fdb_find_port(bridge, mac, vid) != r->dev)
		return;
	displace_locals(bridge, mac, vid);
	if (limit >= 0 && used >= limit)
		return;
	used++;
	r->in_chip = true;
	r->vid = vid;
	mark_vxlan(r, true);
	mark_bridge(r->dev, mac, vid, true);
}

static void leave(struct remote *r, bool vxlan_stands, bool bridge_stands)
{
	bool flood = is_flood(r->vxlan.eth_addr);

	if (!r->in_chip)
		return;
	r->in_chip = false;
	if (flood)
		flood_used--;
	else
		used--;
	if (vxlan_stands)
		mark_vxlan(r, false);
	if (bridge_stands && !flood)
		mark_bridge(r->dev, r->vxlan.eth_addr, r->vid, false);
}

static void forget_remote(struct remote *r)
{
	hash_del(&r->node);
	dev_put(r->dev);
	kfree(r);
}

/* The same of a VTEP's, whose rows may stand on. */
static void displace_remote(struct net_device *bridge, const u8 *mac, u16 vid)
{
	struct remote *r;

	hash_for_each_possible(remotes, r, node, mac_hash(mac))
		if (r->in_chip && r->vid == vid && ether_addr_equal(r->vxlan.eth_addr, mac) &&
		    netdev_master_upper_dev_get(r->dev) == bridge)
			leave(r, true, false);
}

/* learned: the chip tells the bridge; else the bridge has the row, and it is marked. */
static int enter_local(struct net_device *dev, const u8 *mac, u16 vid, bool learned)
{
	struct switchdev_notifier_fdb_info info = { .addr = mac, .vid = vid, .offloaded = true };

	if (!find_local(dev, mac, vid)) {
		struct local *l;

		displace_remote(netdev_master_upper_dev_get(dev), mac, vid);
		displace_locals(netdev_master_upper_dev_get(dev), mac, vid);

		if (limit >= 0 && used >= limit)
			return -ENOSPC;
		l = kzalloc(sizeof(*l), GFP_KERNEL);
		if (!l)
			return -ENOMEM;
		dev_hold(dev);
		l->dev = dev;
		ether_addr_copy(l->mac, mac);
		l->vid = vid;
		hash_add(locals, &l->node, mac_hash(mac));
		used++;
	}
	if (learned)
		return notifier_to_errno(call_switchdev_notifiers(SWITCHDEV_FDB_ADD_TO_BRIDGE, dev, &info.info, NULL));
	mark_bridge(dev, mac, vid, true);
	return 0;
}

/* ---- notifications ---- */

struct job {
	struct work_struct work;
	unsigned long due;
	unsigned long event;
	struct net_device *dev;
	struct switchdev_notifier_vxlan_fdb_info vxlan;
	u8 mac[ETH_ALEN];
	u16 vid;
	bool by_user, is_local;
};

static void vxlan_added(struct job *job)
{
	struct remote *r = find_remote(job->dev, &job->vxlan);

	if (r) {
		r->vxlan = job->vxlan;
		/* A row that is replaced has lost its mark */
		if (r->in_chip)
			mark_vxlan(r, true);
		else
			enter(r);
		return;
	}
	r = kzalloc(sizeof(*r), GFP_KERNEL);
	if (!r)
		return;
	dev_hold(job->dev);
	r->dev = job->dev;
	r->vxlan = job->vxlan;
	hash_add(remotes, &r->node, mac_hash(r->vxlan.eth_addr));
	enter(r);
}

static void vxlan_deleted(struct job *job)
{
	struct remote *r = find_remote(job->dev, &job->vxlan);

	if (r) {
		leave(r, false, true);
		forget_remote(r);
	}
}

static void bridge_added(struct job *job)
{
	struct remote *r;

	if (job->is_local)
		return;
	if (is_port(job->dev)) {
		if (job->by_user || learn)
			enter_local(job->dev, job->mac, job->vid, !job->by_user);
		return;
	}
	hash_for_each_possible(remotes, r, node, mac_hash(job->mac))
		if (r->dev == job->dev && ether_addr_equal(r->vxlan.eth_addr, job->mac)) {
			/* A row that moved here from another port has lost its mark */
			if (r->in_chip && r->vid == job->vid)
				mark_bridge(r->dev, job->mac, job->vid, true);
			else
				enter(r);
		}
}

static void bridge_deleted(struct job *job)
{
	struct remote *r;
	struct local *l;

	hash_for_each_possible(remotes, r, node, mac_hash(job->mac))
		if (r->dev == job->dev && r->in_chip && r->vid == job->vid && ether_addr_equal(r->vxlan.eth_addr, job->mac))
			leave(r, true, false);
	l = find_local(job->dev, job->mac, job->vid);
	if (l)
		forget_local(l);
}

static void do_job(struct work_struct *work)
{
	struct job *job = container_of(work, struct job, work);
	long wait = (long)(job->due - jiffies);

	/* One job at a time: what comes behind one that waits does not overtake it */
	if (wait > 0)
		schedule_timeout_uninterruptible(wait);
	rtnl_lock();
	switch (job->event) {
	case SWITCHDEV_VXLAN_FDB_ADD_TO_DEVICE:
		vxlan_added(job);
		break;
	case SWITCHDEV_VXLAN_FDB_DEL_TO_DEVICE:
		vxlan_deleted(job);
		break;
	case SWITCHDEV_FDB_ADD_TO_DEVICE:
		bridge_added(job);
		break;
	case SWITCHDEV_FDB_DEL_TO_DEVICE:
		bridge_deleted(job);
		break;
	}
	rtnl_unlock();
	dev_put(job->dev);
	kfree(job);
}

/* Whether a row that stands in the chip would lead elsewhere. Rows of users come under rtnl, as all jobs are done. */
static bool would_change(struct net_device *dev, const struct switchdev_notifier_vxlan_fdb_info *info)
{
	struct remote *r = find_remote(dev, info);

	return r && r->in_chip && !r->leaving && !same_address(&r->vxlan.remote_ip, &info->remote_ip);
}

static int notified(struct notifier_block *block, unsigned long event, void *ptr)
{
	struct net_device *dev = switchdev_notifier_info_to_dev(ptr);
	struct switchdev_notifier_vxlan_fdb_info *vxlan = ptr;
	struct switchdev_notifier_fdb_info *bridge = ptr;
	bool is_ours = is_of_switch(dev);
	struct remote *r;
	struct job *job;
	int err;

	switch (event) {
	case SWITCHDEV_VXLAN_FDB_ADD_TO_DEVICE:
		if (!is_ours)
			break;
		err = veto ?: fixed && would_change(dev, vxlan) ? EOPNOTSUPP : 0;
		record("%s vxlan %s %pM %pIScp\n", err ? "refuse" : "add", dev->name, vxlan->eth_addr, &vxlan->remote_ip);
		if (err) {
			NL_SET_ERR_MSG_MOD(vxlan->info.extack, "this chip takes no such row");
			return notifier_from_errno(-err);
		}
		break;
	case SWITCHDEV_VXLAN_FDB_DEL_TO_DEVICE:
		r = is_ours ? find_remote(dev, vxlan) : NULL;
		if (r)
			r->leaving = true;
		if (is_ours)
			record("del vxlan %s %pM %pIScp\n", dev->name, vxlan->eth_addr, &vxlan->remote_ip);
		break;
	case SWITCHDEV_FDB_ADD_TO_DEVICE:
		if (is_ours)
			record("add bridge %s %pM %u\n", dev->name, bridge->addr, bridge->vid);
		break;
	case SWITCHDEV_FDB_DEL_TO_DEVICE:
		if (is_ours)
			record("del bridge %s %pM %u\n", dev->name, bridge->addr, bridge->vid);
		break;
	default:
		return NOTIFY_DONE;
	}
	job = kzalloc(sizeof(*job), GFP_ATOMIC);
	if (!job)
		return NOTIFY_BAD;
	job->event = event;
	job->dev = dev;
	job->due = jiffies + msecs_to_jiffies(delay_ms);
	if (event == SWITCHDEV_VXLAN_FDB_ADD_TO_DEVICE || event == SWITCHDEV_VXLAN_FDB_DEL_TO_DEVICE) {
		job->vxlan = *vxlan;
		job->vxlan.info.extack = NULL;
	} else {
		ether_addr_copy(job->mac, bridge->addr);
		job->vid = bridge->vid;
		job->by_user = bridge->added_by_user;
		job->is_local = bridge->is_local;
	}
	dev_hold(dev);
	INIT_WORK(&job->work, do_job);
	queue_work(chip, &job->work);
	return NOTIFY_DONE;
}

/* Holds no device that goes, and enters what waited for a device to come up or for a bridge to get its first port. */
static int device_changed(struct notifier_block *block, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct hlist_node *next;
	struct remote *r;
	struct local *l;
	int bucket;

	if (event == NETDEV_UP || (event == NETDEV_CHANGEUPPER && is_port(dev))) {
		hash_for_each(remotes, bucket, r, node)
			if (event == NETDEV_CHANGEUPPER || r->dev == dev)
				enter(r);
	} else if (event == NETDEV_UNREGISTER) {
		hash_for_each_safe(remotes, bucket, next, r, node)
			if (r->dev == dev) {
				leave(r, false, false);
				forget_remote(r);
			}
		hash_for_each_safe(locals, bucket, next, l, node)
			if (l->dev == dev)
				forget_local(l);
	}
	return NOTIFY_DONE;
}

/* ---- neighbors: each that a device above a port has is in the chip while it can be used ---- */

struct neigh_job {
	struct work_struct work;
	struct neighbour *neigh;
};

static void do_neigh_job(struct work_struct *work)
{
	struct neigh_job *job = container_of(work, struct neigh_job, work);
	struct neighbour *n = job->neigh;

	write_lock_bh(&n->lock);
	if ((n->nud_state & NUD_VALID) && !n->dead)
		n->flags |= NTF_OFFLOADED;
	else
		n->flags &= ~NTF_OFFLOADED;
	write_unlock_bh(&n->lock);
	neigh_release(n);
	kfree(job);
}

static int neigh_changed(struct notifier_block *block, unsigned long event, void *ptr)
{
	struct netdev_nested_priv nothing = {};
	struct neighbour *n = ptr;
	struct neigh_job *job;
	bool found;

	if (event != NETEVENT_NEIGH_UPDATE)
		return NOTIFY_DONE;
	rcu_read_lock();
	found = netdev_walk_all_lower_dev_rcu(n->dev, stop_at_port, &nothing);
	rcu_read_unlock();
	job = found ? kzalloc(sizeof(*job), GFP_ATOMIC) : NULL;
	if (!job)
		return NOTIFY_DONE;
	job->neigh = neigh_clone(n);
	INIT_WORK(&job->work, do_neigh_job);
	queue_work(chip, &job->work);
	return NOTIFY_DONE;
}

/* The mark goes with the chip; its rows lose theirs one by one. */
static void unmark_neigh(struct neighbour *n, void *unused)
{
	write_lock(&n->lock);
	n->flags &= ~NTF_OFFLOADED;
	write_unlock(&n->lock);
}

static void unmark_neighs(void)
{
	neigh_for_each(&arp_tbl, unmark_neigh, NULL);
	neigh_for_each(&nd_tbl, unmark_neigh, NULL);
}

static struct notifier_block netevent_block = { .notifier_call = neigh_changed };
static struct notifier_block switchdev_block = { .notifier_call = notified };
static struct notifier_block netdev_block = { .notifier_call = device_changed };

/* ---- debugfs ---- */

static int lose(const u8 *mac)
{
	struct remote *r;
	int err = -ENOENT;

	hash_for_each_possible(remotes, r, node, mac_hash(mac))
		if (r->in_chip && ether_addr_equal(r->vxlan.eth_addr, mac)) {
			leave(r, true, true);
			err = 0;
		}
	return err;
}

static int age(struct net_device *dev, const u8 *mac, u16 vid)
{
	struct switchdev_notifier_fdb_info info = { .addr = mac, .vid = vid };
	struct local *l = find_local(dev, mac, vid);

	if (l)
		forget_local(l);
	return notifier_to_errno(call_switchdev_notifiers(SWITCHDEV_FDB_DEL_TO_BRIDGE, dev, &info.info, NULL));
}

static ssize_t command_write(struct file *file, const char __user *from, size_t length, loff_t *at)
{
	unsigned int number, vid;
	char text[96], verb[8];
	int err = -EINVAL;
	u8 m[ETH_ALEN];

	if (length >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, length))
		return -EFAULT;
	text[length] = 0;
	rtnl_lock();
	if (sscanf(text, "lose %hhx:%hhx:%hhx:%hhx:%hhx:%hhx", m, m + 1, m + 2, m + 3, m + 4, m + 5) == 6)
		err = lose(m);
	else if (sscanf(text, "%7s %u %hhx:%hhx:%hhx:%hhx:%hhx:%hhx %u", verb, &number, m, m + 1, m + 2, m + 3, m + 4,
			m + 5, &vid) == 9 && number >= 1 && number <= ports && vid < VLAN_N_VID) {
		struct net_device *dev = switch_ports[number - 1];

		if (!strcmp(verb, "learn"))
			err = enter_local(dev, m, vid, true);
		else if (!strcmp(verb, "age"))
			err = age(dev, m, vid);
	}
	rtnl_unlock();
	return err ? err : length;
}
static const struct file_operations command_fops = { .owner = THIS_MODULE, .open = simple_open, .write = command_write };

static int table_show(struct seq_file *to, void *unused)
{
	struct remote *r;
	struct local *l;
	int bucket;

	rtnl_lock();
	hash_for_each(remotes, bucket, r, node)
		if (r->in_chip)
			seq_printf(to, "%s %pM vlan %u dst %pISc\n", r->dev->name, r->vxlan.eth_addr, r->vid, &r->vxlan.remote_ip);
	hash_for_each(locals, bucket, l, node)
		seq_printf(to, "%s %pM vlan %u\n", l->dev->name, l->mac, l->vid);
	rtnl_unlock();
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(table);

static int events_show(struct seq_file *to, void *unused)
{
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&events_lock, flags);
	for (i = 0; i < event_count; i++)
		seq_puts(to, events[i]);
	spin_unlock_irqrestore(&events_lock, flags);
	return 0;
}

static int events_open(struct inode *inode, struct file *file)
{
	return single_open(file, events_show, NULL);
}

static ssize_t events_write(struct file *file, const char __user *from, size_t length, loff_t *at)
{
	forget_events();
	return length;
}
static const struct file_operations events_fops = {
	.owner = THIS_MODULE,
	.open = events_open,
	.read = seq_read,
	.write = events_write,
	.llseek = seq_lseek,
	.release = single_release,
};

/* ---- devlink ---- */

static int info_get(struct devlink *of, struct devlink_info_req *request, struct netlink_ext_ack *extack)
{
	return devlink_info_driver_name_put(request, driver);
}

/* There for `devlink dev reload … netns`, which takes the device to where its ports are. */
static int reload_down(struct devlink *of, bool netns_change, enum devlink_reload_action action,
		       enum devlink_reload_limit reload_limit, struct netlink_ext_ack *extack)
{
	return 0;
}

static int reload_up(struct devlink *of, enum devlink_reload_action action, enum devlink_reload_limit reload_limit,
		     u32 *actions_performed, struct netlink_ext_ack *extack)
{
	*actions_performed = BIT(DEVLINK_RELOAD_ACTION_DRIVER_REINIT);
	return 0;
}

static const struct devlink_ops devlink_ops = {
	.info_get = info_get,
	.reload_actions = BIT(DEVLINK_RELOAD_ACTION_DRIVER_REINIT),
	.reload_down = reload_down,
	.reload_up = reload_up,
};

static u64 fdb_occupancy(void *unused)
{
	return used;
}

static int add_devlink(void)
{
	struct devlink_resource_size_params size;
	u64 room = limit >= 0 ? limit : 65536;
	int err;

	devlink = devlink_alloc(&devlink_ops, sizeof(int), &device->dev);
	if (!devlink)
		return -ENOMEM;
	devlink_resource_size_params_init(&size, room, room, 1, DEVLINK_RESOURCE_UNIT_ENTRY);
	devl_lock(devlink);
	err = devl_resource_register(devlink, "fdb", room, RESOURCE_FDB, DEVLINK_RESOURCE_ID_PARENT_TOP, &size);
	if (!err)
		devl_resource_occ_get_register(devlink, RESOURCE_FDB, fdb_occupancy, NULL);
	devl_unlock(devlink);
	if (err)
		devlink_free(devlink);
	else
		devlink_register(devlink);
	return err;
}

static void remove_devlink(void)
{
	devlink_unregister(devlink);
	devl_lock(devlink);
	devl_resource_occ_get_unregister(devlink, RESOURCE_FDB);
	devl_resources_unregister(devlink);
	devl_unlock(devlink);
	devlink_free(devlink);
}

/* ---- the module ---- */

static int probe(struct platform_device *unused)
{
	return 0;
}
static struct platform_driver platform_driver = { .probe = probe };

static int __init asic_init(void)
{
	int err = -ENOMEM, i;

	switch_ports = kcalloc(max(ports, 1), sizeof(*switch_ports), GFP_KERNEL);
	if (!switch_ports)
		return -ENOMEM;
	chip = alloc_ordered_workqueue(NAME, 0);
	if (!chip)
		goto no_chip;
	platform_driver.driver.name = driver;
	err = platform_driver_register(&platform_driver);
	if (err)
		goto no_driver;
	device = platform_device_register_simple(driver, PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(device)) {
		err = PTR_ERR(device);
		goto no_device;
	}
	err = add_devlink();
	if (err)
		goto no_devlink;
	err = register_switchdev_notifier(&switchdev_block);
	if (err)
		goto no_switchdev;
	err = register_netdevice_notifier(&netdev_block);
	if (err)
		goto no_netdevice;
	err = register_netevent_notifier(&netevent_block);
	if (err)
		goto no_netevent;
	folder = debugfs_create_dir(NAME, NULL);
	debugfs_create_file("command", 0200, folder, NULL, &command_fops);
	debugfs_create_file("table", 0444, folder, NULL, &table_fops);
	debugfs_create_file("events", 0644, folder, NULL, &events_fops);
	for (i = 1; i <= ports; i++) {
		err = add_port(i);
		if (err)
			goto no_ports;
	}
	return 0;

no_ports:
	debugfs_remove(folder);
	remove_ports();
	switch_ports = NULL;
	unregister_netevent_notifier(&netevent_block);
no_netevent:
	unregister_netdevice_notifier(&netdev_block);
no_netdevice:
	unregister_switchdev_notifier(&switchdev_block);
no_switchdev:
	remove_devlink();
no_devlink:
	platform_device_unregister(device);
no_device:
	platform_driver_unregister(&platform_driver);
no_driver:
	destroy_workqueue(chip);
no_chip:
	kfree(switch_ports);
	return err;
}

static void __exit asic_exit(void)
{
	struct hlist_node *next;
	struct remote *r;
	struct local *l;
	int bucket;

	debugfs_remove(folder);
	unregister_switchdev_notifier(&switchdev_block);
	unregister_netevent_notifier(&netevent_block);
	drain_workqueue(chip);
	unmark_neighs();
	remove_ports();
	/* Before the notifier ends, which hears of every device then that it goes, and forgets its rows as they are */
	rtnl_lock();
	hash_for_each_safe(remotes, bucket, next, r, node) {
		leave(r, true, true);
		forget_remote(r);
	}
	hash_for_each_safe(locals, bucket, next, l, node)
		forget_local(l);
	rtnl_unlock();
	unregister_netdevice_notifier(&netdev_block);
	forget_events();
	remove_devlink();
	platform_device_unregister(device);
	platform_driver_unregister(&platform_driver);
	destroy_workqueue(chip);
}

module_init(asic_init);
module_exit(asic_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A switch ASIC that is none, for tests of FDB offload");
