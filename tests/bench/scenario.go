package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// A scenario is one question put to the servers. Its report becomes the section of RESULTS.md that bears its name.
type scenario struct {
	name     string // as given to -only
	title    string
	onDemand bool // runs only when it is asked for
	run      func(ctx context.Context, b *bench) (report, error)
}

// scenarios is everything that can be measured, in the order of RESULTS.md.
func scenarios() []scenario {
	return []scenario{
		{name: "sessions", title: "Create and retrieve sessions", run: runSessions},
		{name: "lists", title: "List transactions and accounts", run: runLists},
		{name: "deliveries", title: "Deliver webhooks while an endpoint hangs", run: runDeliveries},
		{name: "link", title: "Link accounts", run: runLink},
		{name: "start", title: "Start to first answer", run: runStart},
		{name: "memory", title: "Resident memory", run: runMemory},
		{name: "hostile", title: "Hostile requests", run: runHostile},
		{name: "large", title: "Retrieve with many sessions stored", onDemand: true, run: runLarge},
	}
}

func scenarioNames() []string {
	var names []string
	for _, s := range scenarios() {
		names = append(names, s.name)
	}
	return names
}

func chooseScenarios(o options) ([]scenario, error) {
	for _, name := range o.only {
		if !slices.Contains(scenarioNames(), name) {
			return nil, fmt.Errorf("no scenario %q; there are %s", name, strings.Join(scenarioNames(), ", "))
		}
	}
	var chosen []scenario
	for _, s := range scenarios() {
		wanted := slices.Contains(o.only, s.name) || (len(o.only) == 0 && !s.onDemand) || (s.name == "large" && o.large)
		if wanted {
			chosen = append(chosen, s)
		}
	}
	return chosen, nil
}
