package sandbox

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"fincon/impl/bank"
)

// Epoch is where every account begins: with its opening balance and no transactions. What happens on a day depends on
// the account and the day alone, so that all who ever ask are told the same.
var Epoch = time.Date(2025, time.January, 1, 0, 0, 0, 0, time.UTC)

const (
	day = 24 * 60 * 60 // seconds
	// settled is the longest that a transaction is pending.
	settled = 3 * day
)

// month counts from the epoch's, 0.
type month int

func monthOf(t time.Time) month {
	t = t.UTC()
	return month((t.Year()-Epoch.Year())*12 + int(t.Month()) - 1)
}

// first is the Unix time at which the month begins.
func (m month) first() int64 { return m.date().Unix() }

func (m month) date() time.Time {
	return time.Date(Epoch.Year(), time.Month(1+m), 1, 0, 0, 0, 0, time.UTC)
}

func (m month) days() int { return int(((m + 1).first() - m.first()) / day) }

// event is a transaction from its beginning to its end.
type event struct {
	slot    int   // tells it from the others of its day
	at      int64 // Unix seconds
	settles int64 // when it is posted, or void; Unix seconds
	void    bool
	amount  int64 // cents
	text    string
}

// settling is how long a kind of transaction is pending.
type settling int

const (
	atOnce   settling = iota // between accounts of one bank
	nextDay                  // half a day to a day and a half: transfers between banks
	fromCard                 // half a day to three days, and a few come to nothing: purchases
)

// A plan is what happens on an account.
//
// To keep balances where they began, an account may be evened: on one day of each month comes a transaction that undoes
// the sum of the month before, as one pays what a card's statement says. Then the sum of all months up to one is the sum
// of that one, however many there were, and a balance of any year is found by looking at two months.
type plan struct {
	// month tells what happens in a month, in any order, without the transaction that evens the month before. Slots are
	// under evenSlot for what happens once, and from dailySlot for what happens on any day.
	month func(a *account, m month, tell func(event))

	evenDay int // 0: not evened; its account then has a few transactions a month, for all months are summed
	evenUp  string
	even    string // as evenUp, when money leaves
}

const (
	evenSlot  = 19
	dailySlot = 20
)

// net is what a month's transactions come to in the end, without the one that evens the month before.
func (a *account) net(m month) int64 {
	if m < 0 {
		return 0
	}
	var sum int64
	a.plan.month(a, m, func(e event) {
		if !e.void {
			sum += e.amount
		}
	})
	return sum
}

// events tells all that happens in a month, in no order.
func (a *account) events(m month, tell func(event)) {
	if m < 0 {
		return
	}
	a.plan.month(a, m, tell)
	if a.plan.evenDay == 0 {
		return
	}
	text := a.plan.evenUp
	amount := -a.net(m - 1)
	if amount < 0 {
		text = a.plan.even
	}
	a.once(m, evenSlot, a.plan.evenDay, amount, nextDay, text, tell)
}

// once tells of something that happens on one day of the month, unless it comes to nothing.
func (a *account) once(m month, slot, dayOfMonth int, amount int64, kind settling, text string, tell func(event)) {
	if amount == 0 {
		return
	}
	r := a.draw(m, slot)
	at := m.first() + int64(dayOfMonth-1)*day + r.between(6*3600, 10*3600)
	e := event{slot: slot, at: at, settles: at, amount: amount, text: text}
	if kind != atOnce {
		e.settle(&r, kind)
	}
	tell(e)
}

// draw is the randomness of what happens once a month.
func (a *account) draw(m month, slot int) random {
	return a.seed.at(1<<40 + uint64(m)*dailySlot + uint64(slot))
}

func (e *event) settle(r *random, kind settling) {
	switch kind {
	case nextDay:
		e.settles = e.at + r.between(day/2, day*3/2)
	case fromCard:
		e.settles = e.at + r.between(day/2, settled)
		e.void = r.between(1, 100) <= 3
	}
}

// balance is what has been posted by now, and the purchases and payments that have not.
func (a *account) balance(now time.Time) (posted, held int64) {
	// All months before this one have settled.
	unsettled := max(0, monthOf(now.Add(-(settled+day)*time.Second)))
	posted = a.opening
	if a.plan.evenDay != 0 {
		posted += a.net(unsettled - 1)
	} else {
		for m := range unsettled {
			posted += a.net(m)
		}
	}
	at := now.Unix()
	for m := unsettled; m <= monthOf(now); m++ {
		a.events(m, func(e event) {
			switch {
			case e.at > at:
			case e.settles > at:
				held += min(e.amount, 0)
			case !e.void:
				posted += e.amount
			}
		})
	}
	return posted, held
}

// position is a place in the order of transactions: newest first, then by id, which begins with the day.
type position struct {
	at int64 // Unix seconds
	id string
}

func (p position) before(q position) bool {
	return cmp.Or(cmp.Compare(q.at, p.at), cmp.Compare(q.id, p.id)) < 0
}

// transactions are up to limit of those from from to to, both included, that come after the position; the zero position
// is the beginning. Now is not before to.
func (a *account) transactions(from, to, now time.Time, after position, limit int) []bank.Transaction {
	newest := to
	if after.id != "" && after.at < to.Unix() {
		newest = time.Unix(after.at, 0)
	}
	var found []bank.Transaction
	for m := monthOf(newest); m >= max(0, monthOf(from)) && len(found) < limit; m-- {
		begin := len(found)
		a.events(m, func(e event) {
			at := time.Unix(e.at, 0).UTC()
			if at.Before(from) || at.After(to) {
				return
			}
			id := fmt.Sprintf("%s-%02d", at.Format("20060102"), e.slot)
			if after.id == "" || after.before(position{e.at, id}) {
				found = append(found, e.transaction(id, now))
			}
		})
		slices.SortFunc(found[begin:], func(t, u bank.Transaction) int {
			return cmp.Or(u.TransactedAt.Compare(t.TransactedAt), cmp.Compare(u.ID, t.ID))
		})
	}
	return found[:min(limit, len(found))]
}

// transaction is the event as it looks now.
func (e *event) transaction(id string, now time.Time) bank.Transaction {
	t := bank.Transaction{
		ID:           id,
		Amount:       e.amount,
		Currency:     currency,
		Description:  e.text,
		Status:       bank.TransactionPending,
		TransactedAt: time.Unix(e.at, 0).UTC(),
	}
	if e.settles > now.Unix() {
		return t
	}
	settled := time.Unix(e.settles, 0).UTC()
	if e.void {
		t.Status, t.VoidAt = bank.TransactionVoid, &settled
	} else {
		t.Status, t.PostedAt = bank.TransactionPosted, &settled
	}
	return t
}
