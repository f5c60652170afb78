package form

import (
	"fmt"
	"unicode/utf8"
)

// Error is input whose structure cannot be read. Neither field ever repeats a value, which may be an account number;
// long names are cut.
type Error struct {
	// Param is the parameter in bracket notation, as far as it could be read; empty when there is none.
	Param string
	// Message is a sentence for the API's user that says what to do.
	Message string
}

func (e *Error) Error() string { return e.Message }

// maxShown is how many bytes of a parameter's name an error repeats.
const maxShown = 100

func fault(param, format string, args ...any) *Error {
	return &Error{Param: shown(param), Message: fmt.Sprintf(format, args...)}
}

func tooManyPairs(limit int) *Error {
	return fault("", "The request has too many parameters. Send at most %d.", limit)
}

func looksLikeJSON() *Error {
	return fault("", "The parameters look like JSON. Send JSON in a body with the header Content-Type: application/json, "+
		"and form parameters as name=value.")
}

func keyTooLong(key string, limit int) *Error {
	return fault(key, "The name of the parameter that begins with %q is too long. Use at most %d bytes, escapes included.",
		shown(key), limit)
}

func badName(key, problem string) *Error {
	if shown(key) == "" {
		return fault("", "The name of a parameter %s", problem)
	}
	return fault(key, "The name of the parameter that begins with %q %s", shown(key), problem)
}

func badValue(key, problem string) *Error {
	return fault(key, "The value of %s %s", shown(key), problem)
}

func nameless(key string) *Error {
	if key == "" {
		return fault("", "There is a parameter without a name. Send parameters as name=value, and write a literal & as %%26.")
	}
	return fault("", "There is a parameter whose name begins with a bracket. Put a name before it, as in name[key]=value.")
}

func tooDeep(key string, limit int) *Error {
	return fault(key, "The parameter %s is nested too deeply. Use at most %d pairs of brackets.", shown(key), limit)
}

func malformed(key, readable string) *Error {
	return fault(readable, "The name of the parameter %s has brackets that do not match. "+
		"Close every bracket and put nothing between or behind them, as in name[key][0].", shown(key))
}

func conflicting(param string) *Error {
	return fault(param, "The parameter %s is given in two forms that exclude each other. "+
		"Send it either as one value, as an object (%[1]s[key]=value) or as an array (%[1]s[]=value).", shown(param))
}

func indexTooLarge(param string, limit int) *Error {
	return fault(param, "The array index of %s is too large. Use indices from 0 to %d, or empty brackets.", shown(param), limit)
}

// shown returns as much of a parameter's name as an error may repeat: up to what is not readable, and not too long.
func shown(name string) string {
	for i, r := range name {
		if r == utf8.RuneError || r == 0 {
			return name[:i]
		}
		if i+utf8.RuneLen(r) > maxShown {
			return name[:i] + "..."
		}
	}
	return name
}
