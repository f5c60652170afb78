package webhook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"fincon/impl/apierror"
)

// Rules say where deliveries may go. In live mode to public addresses, over https; in test mode to this machine as well,
// and over http. They hold for the URL when it is set, and for the address at every connection: what a name leads to can
// change.
type Rules struct {
	// Allow are networks that may be reached although they are not public, in both modes: those of the operator's own
	// receivers, such as a network of containers. The addresses of clouds' metadata services stay closed.
	Allow []netip.Prefix
}

// special are the networks that are not the public internet, by the registries of special-purpose addresses.
var special = prefixes(
	"0.0.0.0/8",       // this network; connecting to 0.0.0.0 reaches this machine
	"10.0.0.0/8",      // private
	"100.64.0.0/10",   // shared: carrier-grade NAT
	"127.0.0.0/8",     // loopback
	"169.254.0.0/16",  // link-local
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // IETF protocols
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // 6to4 relays
	"192.168.0.0/16",  // private
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, broadcast
	"2001::/23",       // IETF protocols: Teredo, benchmarks, ORCHID
	"2001:db8::/32",   // documentation
	"2002::/16",       // 6to4, which hides an IPv4 address
	"3fff::/20",       // documentation
)

var (
	// global is all of IPv6 that is public: no loopback, unspecified, link-local, unique local or multicast address is in
	// it, nor one of the deprecated kinds that hide an IPv4 address.
	global = netip.MustParsePrefix("2000::/3")
	// nat64 is where a network without IPv4 reaches it; the address is in the last four bytes.
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
	// metadata are the addresses at which clouds give away credentials.
	metadata = prefixes("169.254.169.254/32", "169.254.170.2/32", "100.100.100.200/32", "fd00:ec2::254/128")
)

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

// Permits tells whether deliveries may go to the address.
func (r Rules) Permits(address netip.Addr, livemode bool) bool {
	address = plain(address)
	switch {
	case within(metadata, address):
		return false
	case within(r.Allow, address):
		return true
	case address.IsLoopback():
		return !livemode
	case address.Is6() && !global.Contains(address):
		return false
	}
	return address.IsValid() && !within(special, address)
}

// plain is the address without a zone; one of IPv4 that is written as one of IPv6 becomes what it is.
func plain(address netip.Addr) netip.Addr {
	address = address.WithZone("").Unmap()
	if nat64.Contains(address) {
		bytes := address.As16()
		return netip.AddrFrom4([4]byte(bytes[12:]))
	}
	return address
}

func within(networks []netip.Prefix, address netip.Addr) bool {
	return slices.ContainsFunc(networks, func(network netip.Prefix) bool { return network.Contains(address) })
}

// resolving bounds how long the look-up of a name may take when a URL is set.
const resolving = 3 * time.Second

// CheckURL holds the URL of an endpoint against the rules. In live mode its name is looked up; one that leads nowhere is
// taken, since it may be set up later and is checked again at every connection.
func (r Rules) CheckURL(ctx context.Context, text string, livemode bool) error {
	parsed, err := url.Parse(text)
	switch {
	case err != nil || strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' }),
		parsed.Scheme != "http" && parsed.Scheme != "https", parsed.Hostname() == "":
		return invalidURL("url must be an absolute URL with a host, such as https://example.com/webhooks.")
	case parsed.User != nil:
		return invalidURL("url must not hold a user name or a password.")
	case parsed.Fragment != "" || strings.Contains(text, "#"):
		return invalidURL("url must not have a fragment (#…).")
	case livemode && parsed.Scheme != "https":
		return invalidURL("in live mode, url must begin with https://.")
	}
	for _, address := range addresses(ctx, parsed.Hostname(), livemode) {
		if !r.Permits(address, livemode) {
			return invalidURL(unreachable(livemode))
		}
	}
	return nil
}

func invalidURL(reason string) error {
	return apierror.Invalid("url", "Not a valid URL: "+reason).WithCode("url_invalid")
}

func unreachable(livemode bool) string {
	if livemode {
		return "in live mode, url must be publicly reachable, and lead to no loopback, private or link-local address."
	}
	return "url must lead to this machine or to a public address, not to a private or link-local one. (The server's " +
		"operator can allow networks.)"
}

// addresses is what is known of where a host is. Names are looked up in live mode alone: a test needs no network.
func addresses(ctx context.Context, host string, livemode bool) []netip.Addr {
	if address, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{address}
	}
	if !livemode {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, resolving)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil
	}
	return found
}

// errForbidden: the rules do not permit the address that a connection would be made to.
var errForbidden = errors.New("the address is not permitted")

// control refuses connections that the rules do not permit, after the name was looked up and before anything is sent.
func (r Rules) control(livemode bool) func(network, address string, _ syscall.RawConn) error {
	return func(network, address string, _ syscall.RawConn) error {
		target, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("%w: %w", errForbidden, err)
		}
		if !strings.HasPrefix(network, "tcp") || !r.Permits(target.Addr(), livemode) {
			return errForbidden
		}
		return nil
	}
}
