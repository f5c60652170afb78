package link

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode"

	"fincon/gen"
	"fincon/impl/account"
	"fincon/impl/bank"
)

// Featured lists the institutions that are shown before the person searches. In live mode there are none.
func (f *Flows) Featured(ctx context.Context, call Call, limit int) ([]byte, error) {
	return f.show(ctx, call, func(w *flow) (any, error) { return w.institutions(w.featured(), limit), nil })
}

// Search lists the institutions whose name holds the text: first those that begin with it, then those in which a word does.
func (f *Flows) Search(ctx context.Context, call Call, query string, limit int) ([]byte, error) {
	return f.show(ctx, call, func(w *flow) (any, error) {
		query = words(query)
		if query == "" {
			return w.institutions(w.featured(), limit), nil
		}
		type match struct {
			bank.Institution
			rank int
		}
		var found []match
		for _, institution := range w.banks.Institutions() {
			if rank := rank(words(institution.Name), query); rank > 0 && account.Offered(w.session, institution) {
				found = append(found, match{institution, rank})
			}
		}
		slices.SortStableFunc(found, func(a, b match) int { return cmp.Compare(a.rank, b.rank) })
		institutions := make([]bank.Institution, len(found))
		for i, m := range found {
			institutions[i] = m.Institution
		}
		return w.institutions(institutions, limit), nil
	})
}

func (w *flow) featured() []bank.Institution {
	var featured []bank.Institution
	for _, institution := range w.banks.Institutions() {
		if institution.Featured && account.Offered(w.session, institution) {
			featured = append(featured, institution)
		}
	}
	slices.SortStableFunc(featured, func(a, b bank.Institution) int { return cmp.Compare(a.FeaturedOrder, b.FeaturedOrder) })
	return featured
}

// institutions is the list of the first of them; 0 is no limit.
func (w *flow) institutions(all []bank.Institution, limit int) gen.LinkInstitutionList {
	list := gen.LinkInstitutionList{Data: []gen.LinkInstitution{}, ShowManualEntry: w.manualEntry()}
	for i, institution := range all {
		if limit > 0 && i == limit {
			break
		}
		list.Data = append(list.Data, institutionObject(institution))
	}
	return list
}

// words is a text as it is compared: in lower case, its words with one space between them.
func words(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), " ")
}

// rank is how well a name matches, from 1 for the best; 0 is not at all.
func rank(name, query string) int {
	switch {
	case strings.HasPrefix(name, query):
		return 1
	case strings.Contains(name, " "+query):
		return 2
	case strings.Contains(name, query):
		return 3
	}
	return 0
}

func institutionObject(institution bank.Institution) gen.LinkInstitution {
	object := gen.LinkInstitution{
		ID: institution.LinkID, Featured: institution.Featured, Icon: noImage(), Logo: noImage(), Name: institution.Name,
	}
	if institution.Featured {
		order := int64(institution.FeaturedOrder)
		object.FeaturedOrder = &order
	}
	if institution.URL != "" {
		object.URL = &institution.URL
	}
	return object
}

// noImage is the picture that there is not: pages draw their own. Some mobile clients want the field.
func noImage() *gen.LinkImage { return &gen.LinkImage{} }
