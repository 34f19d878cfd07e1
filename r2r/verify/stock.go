package verify

import (
	"fmt"

	"github.com/r2rpack/r2rpack/r2r/pe"
)

// readStock reads an image of one assembly. ok is false for a file without native code.
func readStock(data []byte) (im *image, ok bool, err error) {
	file, err := pe.Parse(data)
	if err != nil {
		return nil, false, err
	}
	cli, err := file.CLI()
	if err != nil || cli == nil || cli.ManagedNativeHeader.RVA == 0 {
		return nil, false, err
	}
	if im, err = readImage(file, cli.ManagedNativeHeader.RVA); err != nil {
		return nil, false, err
	}
	root, err := file.In(cli.MetaData)
	if err != nil {
		return nil, false, err
	}
	if im.meta, err = readMetadata(root); err != nil {
		return nil, false, err
	}
	if im.name = im.meta.assembly().name; im.name == "" {
		return nil, false, fmt.Errorf("the assembly has no name")
	}
	return im, true, nil
}
