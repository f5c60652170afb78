package oauth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"

	"golang.org/x/oauth2"

	"fincon/impl/bank"
)

// maxAnswer is how much of a bank's answer is read, in bytes.
const maxAnswer = 64 << 10

var errTooLong = errors.New("an answer that is too long")

// bounded reads answers whole, and none that is too long.
type bounded struct{ base http.RoundTripper }

func (b bounded) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := b.base.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	_ = response.Body.Close() // nothing more is read of it
	if err == nil && len(body) > maxAnswer {
		err = errTooLong
	}
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

// call is one of the calls that a client makes, and what it means when the bank cannot be reached or refuses the grant.
type call struct {
	name        string
	unreachable bank.Kind
	refused     bank.Kind // invalid_grant
}

var (
	discovering = call{"discovery", bank.KindUnavailable, bank.KindBroken}
	exchanging  = call{"exchange of the code", bank.KindUnavailable, bank.KindBroken}
	renewing    = call{"renewal", bank.KindRetryLater, bank.KindGrantDead}
	revoking    = call{"revocation", bank.KindRetryLater, bank.KindGrantDead}
)

// fault says what went wrong in words of our own: the library's quote the bank's answer, in which there may be tokens.
func (c call) fault(ctx, asked context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		switch {
		case refused.ErrorCode == "invalid_grant":
			return &bank.Error{Kind: c.refused, Err: fmt.Errorf("%s: invalid_grant", c.name)}
		case refused.ErrorCode != "":
			return broken("%s: %s", c.name, known(refused.ErrorCode))
		}
		return c.status(refused.Response)
	}
	timeout, isNet := errors.AsType[net.Error](err)
	dial, isOp := errors.AsType[*net.OpError](err)
	switch {
	case asked.Err() != nil || isNet && timeout.Timeout():
		return &bank.Error{Kind: c.unreachable, Err: fmt.Errorf("%s: no answer in time", c.name)}
	case errors.Is(err, errTooLong):
		return broken("%s: %w", c.name, errTooLong)
	case isOp && dial.Op == "dial":
		return &bank.Error{Kind: c.unreachable, Err: fmt.Errorf("%s: %w", c.name, dial)}
	case isOp || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return &bank.Error{Kind: c.unreachable, Err: fmt.Errorf("%s: the connection broke", c.name)}
	}
	return broken("%s: an answer that makes no sense", c.name)
}

// status is the fault of an answer that has no error code.
func (c call) status(response *http.Response) error {
	reason := fmt.Errorf("%s: status %d", c.name, response.StatusCode)
	if response.StatusCode != http.StatusTooManyRequests && response.StatusCode < http.StatusInternalServerError {
		return &bank.Error{Kind: bank.KindBroken, Err: reason}
	}
	fault := &bank.Error{Kind: c.unreachable, Err: reason}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 && c.unreachable == bank.KindRetryLater {
		const most = 24 * 60 * 60
		fault.RetryAfter = time.Duration(min(seconds, most)) * time.Second
	}
	return fault
}

// codes are those of RFC 6749, OpenID Connect and RFC 8707. Others are not repeated: a bank can put anything there.
var codes = []string{
	"access_denied", "account_selection_required", "consent_required", "interaction_required", "invalid_client", "invalid_grant",
	"invalid_request", "invalid_request_object", "invalid_request_uri", "invalid_scope", "invalid_target", "login_required",
	"server_error", "temporarily_unavailable", "unauthorized_client", "unsupported_grant_type", "unsupported_response_type",
	"unsupported_token_type",
}

func known(code string) string {
	if slices.Contains(codes, code) {
		return code
	}
	return "an error that has no meaning"
}

func broken(format string, args ...any) error {
	return &bank.Error{Kind: bank.KindBroken, Err: fmt.Errorf(format, args...)}
}

func badRequest(reason string) error {
	return &bank.Error{Kind: bank.KindBadRequest, Err: errors.New(reason)}
}
