package rtlib

// Quant says how many members of an array must satisfy the body of an Each.
type Quant uint8

// The quantifiers of sigma-language.md section 11. One is the scope of an indexed key: the body is judged once, on the element
// or, if there is none, with every field missing.
const (
	QuantInvalid Quant = iota
	EachAny
	EachAll
	EachAllOrEmpty
	EachNone
	EachOne
)

// Each judges Body on members of the array that Field holds. The members of an array are its elements; a missing field and null
// have none; any other value is its own only member. Inside Body, fields are looked up in the member.
type Each struct {
	Field Field
	Quant Quant
	Body  Expr

	id FieldID
}

// prepare interns the field, once: the rule may be running in another set already.
func (e *Each) prepare() {
	prepareMu.Lock()
	defer prepareMu.Unlock()
	if e.id == 0 {
		e.id = e.Field.ID()
	}
}
