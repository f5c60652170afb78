package apikey

import (
	"net/http"

	"fincon/impl/apierror"
)

// CheckClient is the rule of the operations that a page or an app calls on behalf of the person who links accounts. They
// take publishable keys. Others work too, for tests and servers, but not from a browser: whoever looks at a page can
// read the key that it sends. Browsers tell their page in the Origin header.
func CheckClient(caller Caller, header http.Header) error {
	if caller.Kind == Publishable || header.Get("Origin") == "" {
		return nil
	}
	e := apierror.Invalid("", "This call comes from a web page and was made with a secret API key, which everybody who "+
		"visits the page can read. Use the publishable key (pk_…) there, and replace the secret key, which is no longer secret.").
		WithCode("secret_key_in_browser")
	e.DocURL = ""
	e.Status = http.StatusForbidden
	return e
}

// PublishableKey is the key of a request if it is one that may be shown, else "".
func PublishableKey(header http.Header) string {
	key, readable := fromHeader(header.Get("Authorization"))
	if caller, _, ok := Parse(key); !readable || !ok || caller.Kind != Publishable {
		return ""
	}
	return key
}
