package link

import "github.com/r2rpack/r2rpack/r2r/component"

// rewriteComponents makes the assemblies that name the composite as the owner of their code.
func (l *linker) rewriteComponents() error {
	rewritten := make([][]byte, len(l.members))
	err := l.each(func(m *member) error {
		var err error
		rewritten[m.index], err = component.Rewrite(m.input.Data, l.options.Name)
		return err
	})
	if err != nil {
		return err
	}
	l.components = make(map[string][]byte, len(l.members))
	for i, m := range l.members {
		l.components[m.input.Name] = rewritten[i]
	}
	return nil
}
