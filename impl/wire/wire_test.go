package wire

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestJSONIsWhatTheEncoderWouldIndent(t *testing.T) {
	t.Parallel()
	texts := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{`\`, `"`, `\\"`, `{"a":[]}`, "<&>", "\u2028", ""}))
	values := rapid.Deferred(func() *rapid.Generator[any] { return jsonValues(texts) })
	rapid.Check(t, func(t *rapid.T) {
		value := values.Draw(t, "value")
		got, err := JSON(value)
		require.NoError(t, err)
		var want bytes.Buffer
		encoder := json.NewEncoder(&want)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		require.NoError(t, encoder.Encode(value))
		require.Equal(t, want.String(), string(got))
	})
	deep := any("x")
	for range 40 {
		deep = []any{deep}
	}
	got, err := JSON(deep)
	require.NoError(t, err)
	want, err := json.MarshalIndent(deep, "", "  ")
	require.NoError(t, err)
	require.Equal(t, string(want)+"\n", string(got))
}

func jsonValues(texts *rapid.Generator[string]) *rapid.Generator[any] {
	inner := rapid.Deferred(func() *rapid.Generator[any] { return jsonValues(texts) })
	return rapid.OneOf(
		texts.AsAny(), rapid.Bool().AsAny(), rapid.Int64().AsAny(), rapid.Just[any](nil),
		rapid.SliceOfN(inner, 0, 3).AsAny(), rapid.MapOfN(texts, inner, 0, 3).AsAny(),
	)
}

func TestListIsWhatTheEncoderWouldWrite(t *testing.T) {
	t.Parallel()
	for _, count := range []int{0, 1, 3} {
		object := map[string]any{"id": "fca_1", "text": "a\nb <&>", "list": []any{}, "deep": map[string]any{"x": 1}}
		rendered, err := JSON(object)
		require.NoError(t, err)
		var objects [][]byte
		data := []any{}
		for range count {
			require.Equal(t, string(rendered), string(Alone(Listed(rendered))))
			objects, data = append(objects, rendered), append(data, object)
		}
		got := List(objects, count > 1, "/v1/things?a=1&b=2")
		want, err := JSON(struct {
			Object  string `json:"object"`
			Data    []any  `json:"data"`
			HasMore bool   `json:"has_more"`
			URL     string `json:"url"`
		}{"list", data, count > 1, "/v1/things?a=1&b=2"})
		require.NoError(t, err)
		require.JSONEq(t, string(want), string(got))
		if count > 0 {
			// The same text too, but for the url: json.Marshal escapes its ampersand.
			require.Equal(t, string(bytes.ReplaceAll(want, []byte("&b"), []byte(`\u0026b`))), string(got))
		}
		require.True(t, json.Valid(got))
	}
}
