package main

// A number is one that the project holds itself to, and what became of it.
type number struct {
	what     string
	target   string
	measured string
	held     verdict
}

type verdict string

const (
	held        verdict = "yes"
	notHeld     verdict = "**no**"
	notMeasured verdict = "not measured"
)

func verdictOf(ok bool) verdict {
	if ok {
		return held
	}
	return notHeld
}

func numbersTable(numbers []number) string {
	t := newTable("number to hold", "target", "measured", "held")
	for _, n := range numbers {
		t.add(n.what, n.target, n.measured, string(n.held))
	}
	return t.String()
}
