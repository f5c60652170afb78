package form

import (
	"slices"
	"strings"
)

// list is an array that is being read. Its memory depends on how many elements were sent, never on their indices.
type list struct {
	// numbered are the elements that were sent with an index, in its order: a[7]=x.
	numbered []element
	// appended are those without, in the order sent: a[]=x. They come after the numbered ones.
	appended []any

	// object and name are the member that the array is, if it is one; earlier is the one that was begun before it.
	object  map[string]any
	name    string
	earlier *list
}

type element struct {
	index int
	value any
}

// at returns the place of the element with the given index, a new one if there is none.
func (l *list) at(index int) *any {
	i, found := l.find(index)
	if !found {
		l.numbered = slices.Insert(l.numbered, i, element{index: index})
	}
	return &l.numbered[i].value
}

func (l *list) find(index int) (int, bool) {
	return slices.BinarySearchFunc(l.numbered, index, func(e element, index int) int { return e.index - index })
}

// next returns the place that the path behind empty brackets belongs to. In a[][k]=1&a[][l]=2&a[][k]=3 the second pair
// belongs to the first's element, and the third begins another because the first has a k already. That is how Rack
// reads arrays of objects, and clients write them for it.
func (l *list) next(path string) *any {
	if n := len(l.appended); n > 0 && path != "" {
		last := &l.appended[n-1]
		if isContainer(*last) && !holds(*last, path) {
			return last
		}
	}
	if l.appended == nil {
		l.appended = make([]any, 0, 4) // what most arrays need, in one allocation
	}
	l.appended = append(l.appended, nil)
	return &l.appended[len(l.appended)-1]
}

// holds says whether there is a value at path below value. Behind empty brackets there is always room for one more.
func holds(value any, path string) bool {
	for path != "" {
		name, rest, ok := cutBrackets(path)
		if !ok || name == "" {
			return false
		}
		if value, ok = child(value, name); !ok {
			return false
		}
		path = rest
	}
	return true
}

func child(value any, name string) (any, bool) {
	switch value := value.(type) {
	case map[string]any:
		member, ok := value[name]
		return member, ok
	case *list:
		if len(value.numbered) == 0 {
			break
		}
		largest := value.numbered[len(value.numbered)-1].index
		index, ok := number(name, largest)
		if !ok {
			break
		}
		if i, found := value.find(index); found {
			return value.numbered[i].value, true
		}
	}
	return nil, false
}

// values returns the array that was read; gaps between indices are closed.
func (l *list) values() []any {
	values := l.appended
	if len(l.numbered) > 0 {
		values = make([]any, 0, len(l.numbered)+len(l.appended))
		for _, e := range l.numbered {
			values = append(values, e.value)
		}
		values = append(values, l.appended...)
	}
	for i, value := range values {
		if inner, ok := value.(*list); ok {
			values[i] = inner.values()
		}
	}
	return values
}

// isNumber says whether name is written as an index: digits only.
func isNumber(name string) bool {
	for i := range len(name) {
		if name[i] < '0' || name[i] > '9' {
			return false
		}
	}
	return name != ""
}

// number returns the number that name is, if it is one and not above limit.
func number(name string, limit int) (int, bool) {
	n := 0
	for _, digit := range strings.TrimLeft(name, "0") {
		if digit < '0' || digit > '9' {
			return 0, false
		}
		if n = n*10 + int(digit-'0'); n > limit {
			return 0, false
		}
	}
	return n, name != ""
}
