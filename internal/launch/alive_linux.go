package launch

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
)

// groupAlive says whether a process of the group still runs. Asking kill(2) would not do: one that has ended and that
// nobody has waited for is still in its group, for ever where process 1 does not wait for strangers, as in many
// containers.
func groupAlive(group int) bool {
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended meanwhile
		}
		// proc_pid_stat(5): id, name in parentheses, state, parent, group
		fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
		if len(fields) > 2 && string(fields[2]) == strconv.Itoa(group) && string(fields[0]) != "Z" && string(fields[0]) != "X" {
			return true
		}
	}
	return false
}
