package bank

import "context"

// Directory is all institutions that a server reaches, each with its connector.
type Directory struct {
	institutions []Institution
	connectors   map[string]Connector
}

// NewDirectory lists the institutions of the connectors, in their order.
func NewDirectory(ctx context.Context, connectors ...Connector) *Directory {
	d := &Directory{connectors: map[string]Connector{}}
	for _, connector := range connectors {
		for _, institution := range connector.Institutions(ctx) {
			d.institutions = append(d.institutions, institution)
			d.connectors[institution.ID] = connector
		}
	}
	return d
}

// Institutions are all of them, in a fixed order.
func (d *Directory) Institutions() []Institution { return d.institutions }

// Institution finds one by its id (fcinst_…).
func (d *Directory) Institution(id string) (Institution, Connector, bool) {
	for _, institution := range d.institutions {
		if institution.ID == id {
			return institution, d.connectors[id], true
		}
	}
	return Institution{}, nil, false
}
