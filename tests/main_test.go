// Package tests proves the server from outside: real servers, real databases, real clients.
package tests

import (
	"testing"

	"fincon/tests/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// minimal is the shortest form that creates a session.
const minimal = "account_holder[type]=customer&account_holder[customer]=cus_123&permissions[]=balances"
