package descriptors

import (
	"maps"

	"github.com/tidwall/gjson"
)

// choices writes the page of a resource or of an operation of a node without pages of its own.
func (s *sheet) choices(resource, operation string) error {
	list := s.node.Choices(s.version)
	if list == nil {
		_, err := s.node.Resource(resource)
		return err
	}
	resource, operation = oneName(list, resource, operation)
	if operation == "" {
		r, err := s.node.resourceAmong(list, resource)
		if err != nil {
			return err
		}
		if r.Operations[0].Name != "" {
			return s.resourcePage(list, resource)
		}
	}
	c, err := s.node.choice(s.version, resource, operation)
	if err != nil {
		return err
	}
	s.choicePage(c)
	return nil
}

func (s *sheet) choicePage(c *choice) {
	s.print("%s   %s, typeVersion %s\n", c.title(), s.node.Type, versionText(s.version))
	if c.summary.Path != "" {
		s.print("\n  %s %s\n", c.summary.Method, c.summary.Path)
	}
	if name := c.lost(); name != "" {
		s.print("  It cannot be run: the function %s of the node's package works on it, which the import did not carry over\n", name)
	}
	if use := c.credential(); use != "" {
		s.print("  with a credential of the type %s\n", use)
	}
	s.parameterList("PARAMETERS", c.possible())
	s.print("\nPARAMETERS IN A WORKFLOW\n")
	s.out.Write(indent(c.parameters().text(), "  "))
}

// lost is the name of a function behind the resource or the operation that an import did not carry over, "" if there is none.
func (c *choice) lost() string {
	for _, p := range c.node.inVersion(c.version) {
		for _, o := range p.Options {
			chosen := p.chooses("resource") && optionText(&o) == c.resource || p.chooses("operation") && optionText(&o) == c.operation
			if name := lostFunction(gjson.ParseBytes(o.Routing)); chosen && name != "" && p.fits(c.values) {
				return name
			}
		}
	}
	return ""
}

// lostFunction finds a function in a routing that is not carried over.
func lostFunction(r gjson.Result) (name string) {
	if f := r.Get(`\$function`); r.IsObject() && f.Exists() && !r.Get("at").Exists() {
		return f.String()
	}
	if r.IsObject() || r.IsArray() {
		r.ForEach(func(_, v gjson.Result) bool {
			name = lostFunction(v)
			return name == ""
		})
	}
	return name
}

// possible are the properties that the choice may have, whatever the others are set to, without the conditions that it meets.
func (c *choice) possible() []Property {
	chosen := map[string]any{"resource": c.resource, "operation": c.operation, "@version": c.version}
	var list []Property
	for _, p := range c.node.inVersion(c.version) {
		if p.Name == "resource" || p.Name == "operation" || p.Type == "notice" || !p.fits(chosen) {
			continue
		}
		p.Versions = nil
		p.Show, p.Hide = maps.Clone(p.Show), maps.Clone(p.Hide)
		for name := range chosen {
			delete(p.Show, name)
			delete(p.Hide, name)
		}
		list = append(list, p)
	}
	return list
}

// Choice is an operation of a node without pages: one of Choices with its properties.
type Choice struct {
	Resource  string `json:"resource,omitempty"`
	Operation string `json:"operation,omitempty"`
	// Properties are those that may stand beside the two, with what they depend on otherwise.
	Properties []Property `json:"properties"`
}

// Choice returns a resource and operation of a node without pages. Either name may be empty where the node has none.
func (n *Node) Choice(version float64, resource, operation string) (*Choice, error) {
	resource, operation = oneName(n.Choices(version), resource, operation)
	c, err := n.choice(version, resource, operation)
	if err != nil {
		return nil, err
	}
	return &Choice{c.resource, c.operation, c.possible()}, nil
}
