package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTable(t *testing.T) {
	t.Parallel()
	tab := newTable("what", "n")
	tab.add("größer", "1")
	tab.add("a|b", "1,000")
	tab.add("short")
	require.Equal(t, `| what   | n     |
| ------ | ----- |
| größer | 1     |
| a\|b   | 1,000 |
| short  |       |
`, tab.String())
}

func TestThousands(t *testing.T) {
	t.Parallel()
	for number, want := range map[float64]string{
		0: "0", 999: "999", 1000: "1,000", 42_800.4: "42,800", 10_000_000: "10,000,000", -1234: "-1,234", -123: "-123",
	} {
		require.Equal(t, want, thousands(number))
	}
}
