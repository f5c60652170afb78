package webhook

import "time"

// A try that fails is followed by another after a pause, until there is no pause left:
//
//	test mode   three tries: at once, an hour later, and two hours after that
//	live mode   ten tries in less than three days: at once, after 5 and 30 minutes, 2, 4, 8 and 16 hours, and then
//	            every 12 hours
//
// The API publishes no times of its own: three tries "over the course of a few hours" in a sandbox, and "up to three days
// with an exponential back off" in live mode (server-api 6.4).
var (
	testPauses = []time.Duration{time.Hour, 2 * time.Hour}
	livePauses = []time.Duration{
		5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 16 * time.Hour,
		12 * time.Hour, 12 * time.Hour, 12 * time.Hour,
	}
)

// Pause is how long after the first, second, … failed try (failures is 1, 2, …) the next one follows; ok is false when
// none does.
func Pause(failures int, livemode bool) (pause time.Duration, ok bool) {
	pauses := testPauses
	if livemode {
		pauses = livePauses
	}
	if failures < 1 || failures > len(pauses) {
		return 0, false
	}
	return pauses[failures-1], true
}
