package sandbox

import (
	"fmt"
	"strings"

	"fincon/impl/bank"
)

// ownership is to whom an account belongs.
type ownership int

const (
	single ownership = iota
	joint
	business
	nameOnly
	nobody // the bank does not tell
)

// household is the person, who lives with them, and what they earn and owe. Amounts are in cents.
type household struct {
	people [2]bank.Owner
	firm   bank.Owner

	home            int64 // rent or mortgage payment, a month
	interest        int64 // the part of the mortgage payment that is not paid back
	loan            int64 // payment on the personal loan, a month
	loanInterest    int64
	savings         int64 // put aside, a month
	phone, internet int64
	payday          payday
	firstFriday     int64 // of a fortnightly salary: the day since the epoch, under 14
	employer        string
}

// payday is how often the salary comes.
type payday int

const (
	monthly payday = iota
	twiceMonthly
	fortnightly
)

// The names are made up; the numbers and domains are those reserved for fiction and examples.
var (
	givenNames = []string{
		"Adela", "Bruno", "Celia", "Dario", "Edith", "Farid", "Greta", "Hugo", "Imani", "Joel", "Keiko", "Lena", "Marek", "Nadia",
		"Oscar", "Priya", "Quentin", "Rosa", "Silas", "Tamar", "Ulrich", "Vera", "Wendell", "Ximena", "Yusuf", "Zora",
	}
	familyNames = []string{
		"Abernathy", "Bellweather", "Castellane", "Drummond", "Eastlake", "Fairbairn", "Greenhalgh", "Hollis", "Ingersoll",
		"Jankowski", "Kimura", "Lindqvist", "Marchetti", "Nakamura", "Okafor", "Pemberton", "Quigley", "Rasmussen", "Santoro",
		"Tremblay", "Underhill", "Vasquez", "Whitlock", "Yarrow", "Zeller",
	}
	streets = []string{"Alder Street", "Birch Avenue", "Cedar Lane", "Dogwood Drive", "Elm Court", "Foxglove Road", "Garden Terrace", "Harbor Way"}
	towns   = []string{
		"Springfield, IL 62701", "Portland, OR 97205", "Madison, WI 53703", "Austin, TX 78701", "Burlington, VT 05401",
		"Boise, ID 83702", "Durham, NC 27701", "Tucson, AZ 85701",
	}
	areaCodes = []string{"202", "303", "415", "512", "608", "802"}
	trades    = []string{"Bakery", "Carpentry", "Design Studio", "Garden Supply", "Print Shop", "Translations"}
	employers = []string{"Ferngrove Labs Payroll", "Tidewater Logistics Payroll", "Juniper Health Payroll", "Oakridge School District Payroll"}
)

func householdOf(institution, subject string) *household {
	r := seedOf("household", institution, subject).at(0)
	h := &household{}
	family := pick(&r, familyNames)
	address := fmt.Sprintf("%d %s, %s, US", r.between(10, 990), pick(&r, streets), pick(&r, towns))
	first := r.between(0, int64(len(givenNames)-1))
	second := (first + r.between(1, int64(len(givenNames)-1))) % int64(len(givenNames))
	for i, given := range []string{givenNames[first], givenNames[second]} {
		h.people[i] = bank.Owner{
			Name:       given + " " + family,
			Email:      strings.ToLower(given + "." + family + "@example.com"),
			Phone:      fmt.Sprintf("+1%s55501%02d", pick(&r, areaCodes), r.between(0, 99)),
			RawAddress: address,
		}
	}
	h.firm = bank.Owner{
		Name:       fmt.Sprintf("%s %s LLC", family, pick(&r, trades)),
		Email:      "office@" + strings.ToLower(family) + ".example",
		Phone:      fmt.Sprintf("+1%s55501%02d", pick(&r, areaCodes), r.between(0, 99)),
		RawAddress: fmt.Sprintf("%d %s, %s, US", r.between(10, 990), pick(&r, streets), pick(&r, towns)),
	}

	h.home = r.between(140, 230) * 1000
	h.interest = h.home - r.between(25000, 45000)
	h.loanInterest = r.between(2000, 6000)
	h.loan = h.loanInterest + r.between(2000, 4000)
	h.savings = r.between(10, 30) * 1000
	h.phone = r.between(35, 75) * 100
	h.internet = r.between(45, 90) * 100
	h.payday = payday(r.between(int64(monthly), int64(fortnightly)))
	h.firstFriday = 2 + 7*r.between(0, 1) // the epoch was a Wednesday
	h.employer = pick(&r, employers)
	return h
}

// owners are those of an account, nil if the bank does not tell.
func (h *household) owners(of ownership) []bank.Owner {
	switch of {
	case single:
		return []bank.Owner{h.people[0]}
	case joint:
		return []bank.Owner{h.people[0], h.people[1]}
	case business:
		return []bank.Owner{h.firm}
	case nameOnly:
		return []bank.Owner{{Name: h.people[0].Name}}
	}
	return nil
}
