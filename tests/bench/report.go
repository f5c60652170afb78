package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// A report is what a scenario found.
type report struct {
	table   *table
	notes   []string
	numbers []number
}

func (r *report) notef(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// markdown is the report as a section of RESULTS.md.
func (r *report) markdown(title, origin string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "## %s\n\n%s\n\n%s", title, origin, r.table)
	for i, note := range r.notes {
		if i == 0 {
			out.WriteString("\n")
		}
		fmt.Fprintf(&out, "- %s\n", note)
	}
	if len(r.numbers) > 0 {
		fmt.Fprintf(&out, "\n%s", numbersTable(r.numbers))
	}
	return out.String()
}

const resultsHeading = `# Measured

Written by ` + "`make bench`" + `; see [README.md](README.md) for what is measured and how. Each section says when and
where it was measured, and is replaced as a whole when its scenario runs again.
`

// saveSection replaces one scenario's section of the results file and leaves the others alone.
func saveSection(path, name, section string) error {
	if path == "" {
		return nil
	}
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	text, err := replaceSection(string(old), name, section, scenarioNames())
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// replaceSection puts a section between its markers. A section that is not there yet comes before the first one that
// follows it in order, or at the end.
func replaceSection(text, name, section string, order []string) (string, error) {
	if text == "" {
		text = resultsHeading
	}
	begin, end := beginMarker(name), endMarker(name)
	block := begin + "\n" + strings.TrimRight(section, "\n") + "\n" + end
	if before, rest, ok := strings.Cut(text, begin); ok {
		_, after, closed := strings.Cut(rest, end)
		if !closed {
			return "", fmt.Errorf("%s has no %s", begin, end)
		}
		return before + block + after, nil
	}
	at, follows := len(text), false
	for _, other := range order {
		if i := strings.Index(text, beginMarker(other)); follows && i >= 0 {
			at = min(at, i)
		}
		follows = follows || other == name
	}
	if at == len(text) {
		return strings.TrimRight(text, "\n") + "\n\n" + block + "\n", nil
	}
	return text[:at] + block + "\n\n" + text[at:], nil
}

func beginMarker(name string) string { return "<!-- begin " + name + " -->" }

func endMarker(name string) string { return "<!-- end " + name + " -->" }
