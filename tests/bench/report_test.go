package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReplaceSection(t *testing.T) {
	t.Parallel()
	order := []string{"a", "b", "c"}
	const (
		onlyA = "# Heading\n\n<!-- begin a -->\nold\n<!-- end a -->\n"
		aAndC = "# Heading\n\n<!-- begin a -->\nA\n<!-- end a -->\n\n<!-- begin c -->\nC\n<!-- end c -->\n\nEpilogue.\n"
	)
	for _, tt := range []struct {
		name, text, section, want string
	}{
		{"a new file gets the heading", "", "a", resultsHeading + "\n<!-- begin a -->\nnew\n<!-- end a -->\n"},
		{"an old section is replaced", onlyA, "a", "# Heading\n\n<!-- begin a -->\nnew\n<!-- end a -->\n"},
		{"a last section is appended", onlyA, "c", onlyA + "\n<!-- begin c -->\nnew\n<!-- end c -->\n"},
		{"a section finds its place", aAndC, "b", "# Heading\n\n<!-- begin a -->\nA\n<!-- end a -->\n\n" +
			"<!-- begin b -->\nnew\n<!-- end b -->\n\n<!-- begin c -->\nC\n<!-- end c -->\n\nEpilogue.\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := replaceSection(tt.text, tt.section, "new\n", order)
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
			again, err := replaceSection(got, tt.section, "new\n", order)
			require.NoError(t, err)
			require.Equal(t, got, again, "the same section once more changes nothing")
		})
	}
}

func TestReplaceSectionWithoutItsEnd(t *testing.T) {
	t.Parallel()
	_, err := replaceSection("<!-- begin a -->\ntext", "a", "new", []string{"a"})
	require.ErrorContains(t, err, "<!-- end a -->")
}

func TestSaveSection(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "RESULTS.md")
	rep := report{table: newTable("what"), numbers: []number{{"speed", "fast", "slow", notHeld}}}
	rep.notef("Note.")
	require.NoError(t, saveSection(path, "start", rep.markdown("Start", "Here.")))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), "## Start\n\nHere.\n\n| what |\n| ---- |\n\n- Note.\n\n| number to hold |")
	require.NoError(t, saveSection("", "start", "nowhere"))
}
