package webhook_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"fincon/impl/apierror"
	"fincon/impl/webhook"
)

func TestPermits(t *testing.T) {
	t.Parallel()
	const never, test, always = "never", "in test mode", "always"
	for address, when := range map[string]string{
		"93.184.215.14":        always,
		"172.15.255.255":       always,
		"172.32.0.1":           always,
		"100.63.255.255":       always,
		"100.128.0.1":          always,
		"198.17.255.255":       always,
		"2606:4700::1111":      always,
		"2a00:1450:4001::1":    always,
		"::ffff:93.184.215.14": always,
		"64:ff9b::5db8:d70e":   always, // 93.184.215.14 through NAT64

		"127.0.0.1":          test,
		"127.255.255.254":    test,
		"::1":                test,
		"::ffff:127.0.0.1":   test,
		"64:ff9b::7f00:1":    test,
		"::ffff:127.9.9.9%1": test,

		"0.0.0.0":                never,
		"0.1.2.3":                never,
		"10.1.2.3":               never,
		"100.64.0.1":             never,
		"100.127.255.255":        never,
		"169.254.1.1":            never,
		"169.254.169.254":        never,
		"172.16.0.1":             never,
		"172.31.255.255":         never,
		"192.0.0.8":              never,
		"192.0.2.1":              never,
		"192.88.99.1":            never,
		"192.168.178.1":          never,
		"198.18.0.1":             never,
		"198.19.255.255":         never,
		"198.51.100.1":           never,
		"203.0.113.1":            never,
		"224.0.0.1":              never,
		"240.0.0.1":              never,
		"255.255.255.255":        never,
		"::":                     never,
		"::127.0.0.1":            never, // IPv4-compatible
		"::ffff:10.0.0.1":        never,
		"::ffff:169.254.169.254": never,
		"::ffff:0:127.0.0.1":     never, // IPv4-translated
		"64:ff9b::a00:1":         never, // 10.0.0.1
		"64:ff9b::a9fe:a9fe":     never, // 169.254.169.254
		"64:ff9b:1::7f00:1":      never,
		"100::1":                 never, // discarded
		"2001::1":                never, // Teredo
		"2001:2::1":              never, // benchmarks
		"2001:db8::1":            never,
		"2002:7f00:1::1":         never, // 6to4
		"3fff::1":                never,
		"5f00::1":                never,
		"fc00::1":                never,
		"fd00:ec2::254":          never,
		"fd12:3456::1":           never,
		"fe80::1":                never,
		"fe80::1%eth0":           never,
		"fec0::1":                never,
		"ff02::1":                never,
	} {
		parsed := netip.MustParseAddr(address)
		require.Equal(t, when != never, webhook.Rules{}.Permits(parsed, false), "%s in test mode", address)
		require.Equal(t, when == always, webhook.Rules{}.Permits(parsed, true), "%s in live mode", address)
	}
	require.False(t, webhook.Rules{}.Permits(netip.Addr{}, false))
	require.False(t, webhook.Rules{}.Permits(netip.Addr{}, true))
}

func TestAllow(t *testing.T) {
	t.Parallel()
	rules := webhook.Rules{Allow: []netip.Prefix{
		netip.MustParsePrefix("172.18.0.0/16"), netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("fd00::/8"),
	}}
	for address, permitted := range map[string]bool{
		"172.18.0.3": true, "::ffff:172.18.0.3": true, "172.19.0.1": false, "169.254.1.1": true, "fd00::1": true,
		"169.254.169.254": false, "::ffff:169.254.169.254": false, "169.254.170.2": false, "fd00:ec2::254": false,
	} {
		for _, livemode := range []bool{false, true} {
			require.Equal(t, permitted, rules.Permits(netip.MustParseAddr(address), livemode), address)
		}
	}
}

func TestCheckURL(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		url        string
		test, live bool
	}{
		"public address":      {"https://93.184.215.14/webhooks?token=1", true, true},
		"port":                {"https://93.184.215.14:8443/", true, true},
		"IPv6":                {"https://[2606:4700::1111]/", true, true},
		"leads nowhere":       {"https://receiver.invalid/webhooks", true, true},
		"http":                {"http://93.184.215.14/", true, false},
		"this machine":        {"http://127.0.0.1:4242/webhooks", true, false},
		"this machine, https": {"https://127.0.0.1/", true, false},
		"this machine, IPv6":  {"https://[::1]/", true, false},
		"this machine's name": {"https://localhost:4242/", true, false},
		"private":             {"https://10.0.0.1/", false, false},
		"mapped private":      {"https://[::ffff:10.0.0.1]/", false, false},
		"metadata":            {"http://169.254.169.254/latest/meta-data", false, false},
		"unspecified":         {"https://0.0.0.0/", false, false},
		"relative":            {"/webhooks", false, false},
		"no scheme":           {"example.com/webhooks", false, false},
		"no host":             {"https:///webhooks", false, false},
		"port alone":          {"https://:443/", false, false},
		"another scheme":      {"ftp://93.184.215.14/", false, false},
		"no hierarchy":        {"https:93.184.215.14", false, false},
		"user":                {"https://user@93.184.215.14/", false, false},
		"password":            {"https://user:password@93.184.215.14/", false, false},
		"fragment":            {"https://93.184.215.14/#top", false, false},
		"empty fragment":      {"https://93.184.215.14/#", false, false},
		"blank":               {"https://93.184.215.14/a b", false, false},
		"line's end":          {"https://93.184.215.14/\n", false, false},
		"bad port":            {"https://93.184.215.14:x/", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for livemode, fine := range map[bool]bool{false: test.test, true: test.live} {
				err := webhook.Rules{}.CheckURL(t.Context(), test.url, livemode)
				if fine {
					require.NoError(t, err)
					continue
				}
				fault, ok := errors.AsType[*apierror.Error](err)
				require.True(t, ok, "livemode %t: %v", livemode, err)
				require.Equal(t, "url_invalid", fault.Code)
				require.Equal(t, "url", fault.Param)
				require.Equal(t, 400, fault.Status)
			}
		})
	}
}
