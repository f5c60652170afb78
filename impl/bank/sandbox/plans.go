package sandbox

var (
	checkingPlan   = &plan{evenDay: 3, evenUp: "Withdrawal from Lindenfold Investing", even: "Deposit to Lindenfold Investing"}
	savingsPlan    = &plan{}
	depositPlan    = &plan{}
	cardPlan       = &plan{evenDay: paymentDay, evenUp: "Payment received, thank you", even: "Credit balance refund"}
	linePlan       = &plan{evenDay: 25, evenUp: "Repayment received", even: "Credit balance refund"}
	mortgagePlan   = &plan{}
	loanPlan       = &plan{}
	investmentPlan = &plan{}
	smallPlan      = &plan{evenDay: 3, evenUp: "Cash deposit", even: "Cash withdrawal"}
)

// The plans and what they do mention each other, which only init may.
func init() {
	checkingPlan.month = checkingMonth
	savingsPlan.month = savingsMonth
	depositPlan.month = depositMonth
	cardPlan.month = cardMonth
	linePlan.month = lineMonth
	mortgagePlan.month = mortgageMonth
	loanPlan.month = loanMonth
	investmentPlan.month = investmentMonth
	smallPlan.month = smallMonth
}

const (
	homeDay    = 1  // of the month: rent or mortgage
	savingsDay = 2  // of the month: money put aside
	paymentDay = 20 // of the month: what the card's statement says
)

// merchant is where money is spent: so many cents at a time.
type merchant struct {
	name      string
	low, high int64
}

// The merchants are made up.
var (
	dailyMerchants = []merchant{
		{"Corner Kettle Coffee", 350, 900},
		{"Metro Transit Pass", 275, 275},
		{"Saltbox Bakery", 400, 1600},
		{"Greenleaf Market", 900, 5200},
		{"Pico Taqueria", 900, 2400},
		{"Harbor Street Parking", 300, 1800},
		{"Wash & Fold Laundry", 1100, 2600},
		{"Bluebird Books", 800, 3900},
	}
	cardMerchants = []merchant{
		{"Greenleaf Market", 1200, 9500},
		{"Quickspoke Fuel", 2200, 6400},
		{"Marlowe & Finch Restaurant", 2400, 9800},
		{"Tallgrass Pharmacy", 500, 4500},
		{"Northgate Hardware", 700, 8800},
		{"Paperlark Online", 900, 7600},
		{"Corner Kettle Coffee", 350, 900},
		{"Ridgeline Outfitters", 1900, 14800},
		{"Cinema Aurora", 1200, 4200},
		{"Zipabout Rides", 800, 3600},
		{"Velvet Comb Salon", 2500, 7000},
		{"Pico Taqueria", 900, 2400},
	}
	smallMerchants = []merchant{
		{"Corner Kettle Coffee", 150, 400},
		{"Vending Machine 12", 100, 250},
		{"Harbor Street Parking", 100, 300},
	}
	subscriptions = []struct {
		name       string
		dayOfMonth int
		amount     int64
	}{
		{"Streamloft Video", 6, 1549},
		{"Tonewell Music", 11, 1099},
		{"Cloudcrate Storage", 18, 299},
	}
)

// perMonth is what visiting merchants as often as spend lets one comes to in a month, on average.
func perMonth(visitsPerDay float64, merchants []merchant) int64 {
	var sum int64
	for _, m := range merchants {
		sum += m.low + (m.high-m.low)/3
	}
	const daysPerMonth, kept = 30.44, 0.97
	return int64(visitsPerDay * daysPerMonth * kept * float64(sum) / float64(len(merchants)))
}

// spend tells of purchases by card, from least to most a day.
func (a *account) spend(m month, least, most int64, merchants []merchant, tell func(event)) {
	start := m.first()
	for d := range m.days() {
		begin := start + int64(d)*day
		r := a.seed.at(uint64(begin / day))
		for i := range r.between(least, most) {
			at := pick(&r, merchants)
			e := event{
				slot:   dailySlot + int(i),
				at:     begin + r.between(7*3600, 22*3600),
				amount: -r.small(at.low, at.high),
				text:   at.name,
			}
			e.settle(&r, fromCard)
			tell(e)
		}
	}
}

// Averages by which the salary is set.
var (
	averageDaily = perMonth(2, dailyMerchants)
	averageCard  = perMonth(2, cardMerchants)
)

const averageElectricity = 9500

// checkingMonth is salary in, and living out.
func checkingMonth(a *account, m month, tell func(event)) {
	h := a.household
	out := h.home + h.phone + h.internet + averageElectricity + averageDaily
	if a.mortgage != nil {
		a.once(m, 0, homeDay, -h.home, nextDay, "Mortgage payment", tell)
	} else {
		a.once(m, 0, homeDay, -h.home, nextDay, "Alder Court Apartments, rent", tell)
	}
	if a.savings != nil {
		out += h.savings
		a.once(m, 1, savingsDay, -h.savings, atOnce, "Transfer to savings", tell)
	}
	if a.card != nil {
		out += averageCard
		a.once(m, 2, paymentDay, a.card.net(m-1), nextDay, "Credit card payment", tell)
	}
	electricity := a.draw(m, 3)
	a.once(m, 3, 12, -electricity.between(6000, 13000), nextDay, "Brightwater Electric", tell)
	a.once(m, 4, 17, -h.phone, nextDay, "Northline Mobile", tell)
	a.once(m, 5, 23, -h.internet, nextDay, "Halcyon Internet", tell)
	a.salary(m, out, tell)
	a.spend(m, 1, 3, dailyMerchants, tell)
}

// salary tells of a month's pay, which over a year is what is spent, and slightly more.
func (a *account) salary(m month, spent int64, tell func(event)) {
	h := a.household
	spent += spent / 50
	pay := func(slot, dayOfMonth int, amount int64) {
		a.once(m, slot, dayOfMonth, amount, atOnce, h.employer, tell)
	}
	switch h.payday {
	case monthly:
		pay(6, 1, spent)
	case twiceMonthly:
		pay(6, 1, spent/2)
		pay(7, 15, spent/2)
	case fortnightly:
		since := (m.first() - Epoch.Unix()) / day
		next := int((h.firstFriday-since)%14+14) % 14
		for slot := 6; next < m.days(); slot++ {
			pay(slot, next+1, spent*12/26)
			next += 14
		}
	}
}

func savingsMonth(a *account, m month, tell func(event)) {
	a.once(m, 0, savingsDay, a.household.savings, atOnce, "Transfer from checking", tell)
	a.interest(m, 1, 30, tell)
}

func depositMonth(a *account, m month, tell func(event)) { a.interest(m, 0, 36, tell) }

// interest tells of a month's interest on the opening balance, so many parts of ten thousand.
func (a *account) interest(m month, slot int, rate int64, tell func(event)) {
	a.once(m, slot, m.days(), a.opening*rate/10000, atOnce, "Interest", tell)
}

func cardMonth(a *account, m month, tell func(event)) {
	for slot, s := range subscriptions {
		a.once(m, slot, s.dayOfMonth, -s.amount, nextDay, s.name, tell)
	}
	a.spend(m, 1, 3, cardMerchants, tell)
}

func lineMonth(a *account, m month, tell func(event)) {
	draw := a.draw(m, 0)
	a.once(m, 0, 8, -draw.small(10000, 90000), nextDay, "Advance", tell)
	a.once(m, 1, 28, -draw.between(100, 700), atOnce, "Finance charge", tell)
}

func mortgageMonth(a *account, m month, tell func(event)) {
	h := a.household
	a.once(m, 0, homeDay, h.home, nextDay, "Payment received, thank you", tell)
	a.once(m, 1, homeDay, -h.interest, atOnce, "Interest", tell)
}

func loanMonth(a *account, m month, tell func(event)) {
	h := a.household
	a.once(m, 0, 14, h.loan, nextDay, "Payment received, thank you", tell)
	a.once(m, 1, 14, -h.loanInterest, atOnce, "Interest", tell)
}

func investmentMonth(a *account, m month, tell func(event)) {
	draw := a.draw(m, 0)
	a.once(m, 0, 5, 15000, nextDay, "Contribution", tell)
	if m%3 == 2 {
		a.once(m, 1, 15, draw.between(2000, 20000), atOnce, "Dividend, Lindenfold Total Market", tell)
		a.once(m, 2, 28, -draw.between(300, 900), atOnce, "Advisory fee", tell)
	}
}

func smallMonth(a *account, m month, tell func(event)) {
	a.spend(m, 0, 1, smallMerchants, tell)
}
