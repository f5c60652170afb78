package form

import (
	"strings"
	"unicode/utf8"
)

// What may be wrong with an encoded text. Each continues a sentence that names the text.
const (
	badEscape = "has an incomplete percent-escape. Write a literal % as %25."
	badUTF8   = "is not valid UTF-8. Encode it as UTF-8 and percent-encode the result."
	badNUL    = "contains a NUL character. Remove it."
)

// decode returns the text that raw stands for, or what is wrong with it; then the text is not fit to be used.
func (d *decoder) decode(raw string) (text, problem string) {
	if plainBytes(raw) == len(raw) {
		return raw, ""
	}
	text, ok := d.unescape(raw)
	switch {
	case !ok:
		return text, badEscape
	case !utf8.ValidString(text):
		return text, badUTF8
	case strings.IndexByte(text, 0) >= 0:
		return text, badNUL // PostgreSQL cannot store it
	}
	return text, ""
}

// plainBytes returns how many bytes at the start of s stand for themselves, no question asked. Mostly all do.
func plainBytes(s string) int {
	for i := range len(s) {
		if c := s[i]; c == '%' || c == '+' || c == 0 || c >= utf8.RuneSelf {
			return i
		}
	}
	return len(s)
}

// unescape resolves + and %XX, up to the first % that begins no escape.
func (d *decoder) unescape(raw string) (text string, ok bool) {
	if d.text.Cap() == 0 {
		// No text grows by decoding, so this is all that is needed for the whole input.
		d.text.Grow(len(d.raw))
	}
	start, ok := d.text.Len(), true
	for ok {
		plain := plainBytes(raw)
		d.text.WriteString(raw[:plain])
		if raw = raw[plain:]; raw == "" {
			break
		}
		c, size := raw[0], 1
		switch c {
		case '+':
			c = ' '
		case '%':
			c, ok = escaped(raw[1:])
			size = 3
		}
		if ok {
			d.text.WriteByte(c)
			raw = raw[size:]
		}
	}
	return d.text.String()[start:], ok
}

// escaped returns the byte that the two hexadecimal digits at the start of s stand for.
func escaped(s string) (byte, bool) {
	if len(s) < 2 {
		return 0, false
	}
	high, ok1 := hexDigit(s[0])
	low, ok2 := hexDigit(s[1])
	return high<<4 | low, ok1 && ok2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
