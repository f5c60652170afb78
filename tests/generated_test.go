package tests

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// forbidden are the ways to read parameters that generated servers otherwise use. One of them allocates a gigabyte for an
// index of 20,000,000 and panics on an open bracket; none of them sees what was validated.
var forbidden = regexp.MustCompile(`\b(BindForm|FormParams|BindQueryParameter\w*|MultipartReader)\b`)

func TestGeneratedCodeBindsWhatWasValidated(t *testing.T) {
	t.Parallel()
	files := 0
	require.NoError(t, filepath.WalkDir("../gen", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") {
			return err
		}
		files++
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		require.Empty(t, forbidden.FindAllString(string(source), -1), path)
		return nil
	}))
	require.NotZero(t, files)
}
