package vault

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	v := Random()
	sealed, err := v.Seal([]byte("token"))
	require.NoError(t, err)
	require.NotContains(t, string(sealed), "token")
	again, err := v.Seal([]byte("token"))
	require.NoError(t, err)
	require.NotEqual(t, sealed, again)

	plain, err := v.Open(sealed)
	require.NoError(t, err)
	require.Equal(t, "token", string(plain))
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	v := Random()
	sealed, err := v.Seal([]byte("token"))
	require.NoError(t, err)
	damaged := append([]byte(nil), sealed...)
	damaged[len(damaged)-1] ^= 1
	other, err := Random().Seal([]byte("token"))
	require.NoError(t, err)
	for name, text := range map[string][]byte{"damaged": damaged, "another key's": other, "short": sealed[:5], "none": nil} {
		_, err := v.Open(text)
		require.ErrorIs(t, err, ErrSealed, name)
	}
}

func TestFromFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "fincon.key")
	first, err := FromFile(path)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	sealed, err := first.Seal([]byte("token"))
	require.NoError(t, err)

	second, err := FromFile(path)
	require.NoError(t, err)
	plain, err := second.Open(sealed)
	require.NoError(t, err)
	require.Equal(t, "token", string(plain))

	require.NoError(t, os.WriteFile(path, []byte("abc"), 0o600))
	_, err = FromFile(path)
	require.ErrorContains(t, err, "64 hexadecimal digits")
}

func TestKeysOfOnePurpose(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "fincon.key")
	one, err := FromFile(path)
	require.NoError(t, err)
	two, err := FromFile(path)
	require.NoError(t, err)
	require.Equal(t, one.Key("a"), two.Key("a"))
	require.Len(t, one.Key("a"), KeyLength)
	require.NotEqual(t, one.Key("a"), one.Key("b"))
	require.NotEqual(t, one.Key("a"), Random().Key("a"))
}
