package nettrace

import "github.com/r2rpack/r2rpack/r2r/internal/format"

// definition is what the header of an event refers to by number. Source: ep-config.c,
// ep_config_build_event_metadata_event.
type definition struct {
	provider    string
	id, version uint32
}

// Limits of what a trace may make us keep; a process with a hundred providers and a thousand kinds of events is far below.
const (
	maxDefinitions  = 1 << 16
	maxProviderName = 1 << 10 // bytes
)

// readDefinitions reads a MetadataBlock.
func (t *Trace) readDefinitions(c *cursor) error {
	return eachBlob(c, func(b *blob) error {
		p := format.NewCursor(b.payload, "MetadataBlock", format.FileOffset, b.at)
		number := p.U32()
		d := definition{provider: text(p), id: p.U32()}
		text(p) // name of the event, empty for those of the runtime
		p.U64() // keywords
		d.version = p.U32()
		if len(t.definitions) >= maxDefinitions || len(d.provider) > maxProviderName {
			p.Fail("defines more than %d kinds of events, or a provider with a name of more than %d bytes", maxDefinitions, maxProviderName)
		}
		if p.Err() != nil {
			return p.Err()
		}
		t.definitions[number] = d
		return nil
	})
}
