package localaws

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// model is a service's constraints on its inputs: of operations and structures the members, of
// other shapes the limits, by name. The embedded files say how they are written.
type model map[string][]string

func parseModel(text string) model {
	m := model{}
	for line := range strings.Lines(text) {
		if name, rest, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name != "#" {
			m[name] = strings.Fields(rest)
		}
	}
	return m
}

// validate checks an input against the constraints of the service's model and reports all that it
// breaks at once. A member that the model does not have is one that the operation here would pass
// over, so the call is refused.
func (a *Account) validate(op operation, in reflect.Value) error {
	c := checker{account: a, model: a.models[op.service]}
	c.check(op.action, "", in)
	if c.unknown != "" {
		return refuse("InternalFailure", "localaws does not know %s of %s.", c.unknown, op.action)
	}
	switch n := len(c.faults); n {
	case 0:
		return nil
	case 1:
		return op.refuse(validationError, "1 validation error detected: %s", c.faults[0])
	default:
		return op.refuse(validationError, "%d validation errors detected: %s", n, strings.Join(c.faults, "; "))
	}
}

// checker gathers what is wrong with one input.
type checker struct {
	account *Account
	model   model
	faults  []string
	unknown string // a member that the model does not have
}

func (c *checker) complain(v reflect.Value, at, format string, args ...any) {
	value := "null"
	if v.IsValid() {
		value = fmt.Sprintf("'%v'", v)
	}
	c.faults = append(c.faults, fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: Member must %s",
		value, at, fmt.Sprintf(format, args...)))
}

// check compares a value with the shape that the model gives it.
func (c *checker) check(shape, at string, v reflect.Value) {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch spec := c.model[shape]; spec[0] {
	case "=":
		c.members(spec[1:], at, v)
	case "list":
		c.length(spec, at, v.Len(), reflect.ValueOf("[...]"))
		for i := range v.Len() {
			if len(spec) > 3 {
				c.check(spec[3], at+"."+strconv.Itoa(i+1)+".member", v.Index(i))
			}
		}
	case "enum":
		if values := strings.Split(spec[1], "|"); v.String() != "" && !slices.Contains(values, v.String()) {
			c.complain(v, at, "satisfy enum value set: [%s]", strings.Join(values, ", "))
		}
	case "number":
		if least, _ := strconv.ParseInt(spec[1], 10, 64); v.Int() < least {
			c.complain(v, at, "have value greater than or equal to %d", least)
		}
		if most, _ := strconv.ParseInt(spec[2], 10, 64); v.Int() > most {
			c.complain(v, at, "have value less than or equal to %d", most)
		}
	case "string", "secret":
		shown, size := v, utf8.RuneCountInString(v.String())
		if spec[0] == "secret" { // which counts in bytes
			shown, size = reflect.ValueOf("*****"), v.Len()
		}
		c.length(spec, at, size, shown)
		if len(spec) > 3 && !c.account.pattern(spec[3]).MatchString(v.String()) {
			c.complain(shown, at, "satisfy regular expression pattern: %s", spec[3])
		}
	}
}

// members checks a structure's members: Name!:shape is one that is required and constrained.
func (c *checker) members(specs []string, at string, v reflect.Value) {
	given := map[string]bool{}
	for field, member := range v.Fields() {
		given[field.Name] = field.IsExported() && !member.IsZero()
	}
	for _, spec := range specs {
		name, shape, constrained := strings.Cut(spec, ":")
		name, required := strings.CutSuffix(name, "!")
		member := v.FieldByName(name)
		delete(given, name)
		where := strings.TrimPrefix(at+"."+strings.ToLower(name[:1])+name[1:], ".")
		switch absent := member.IsZero(); {
		case absent && required:
			c.complain(reflect.Value{}, where, "not be null")
		case !absent && constrained:
			c.check(shape, where, member)
		}
	}
	for name, unknown := range given {
		if unknown {
			c.unknown = name
		}
	}
}

func (c *checker) length(spec []string, at string, n int, shown reflect.Value) {
	if least, err := strconv.Atoi(spec[1]); err == nil && n < least {
		c.complain(shown, at, "have length greater than or equal to %d", least)
	}
	if most, err := strconv.Atoi(spec[2]); err == nil && n > most {
		c.complain(shown, at, "have length less than or equal to %d", most)
	}
}

// pattern returns an expression that matches whole strings, compiled once an account.
func (a *Account) pattern(expression string) *regexp.Regexp {
	compiled, ok := a.patterns[expression]
	if !ok {
		compiled = regexp.MustCompile(`^(?s:` + expression + `)$`)
		a.patterns[expression] = compiled
	}
	return compiled
}
