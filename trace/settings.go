package trace

import (
	"path/filepath"
	"strconv"

	"github.com/r2rpack/r2rpack/r2r/profile/nettrace"
)

// Mode is how the traced program gets its code.
type Mode string

const (
	// ModeAllJIT runs without ReadyToRun code, and without profiles at run time: every method begins unoptimized and
	// nothing is inlined, so the trace names every method that any compilation of the program may leave out of line.
	// Such a trace is what a profile is made from.
	ModeAllJIT Mode = "all-jit"
	// ModeAsIs runs as always: the trace tells which methods had ReadyToRun code and which the JIT had to compile.
	ModeAsIs Mode = "as-is"
)

// Keywords make the runtime tell of every method that it looks up or compiles, and who it is exactly.
const Keywords = nettrace.KeywordLoader | nettrace.KeywordJIT | nettrace.KeywordType | nettrace.KeywordCompilation | nettrace.KeywordMethodDiagnostic

// DefaultBufferMB is the default of the buffer between the program and its trace. It is taken only as far as it is needed.
const DefaultBufferMB = 256

// Settings gives the variables, as NAME=VALUE, that make every .NET process of a program write a trace PID.nettrace into
// a folder. Source of the names: clrconfignames.h; numbers are hexadecimal.
//
// The rundown at the end is left out: on a composite it tells of all methods once for each component, and all that it
// would tell is in the events already. Streaming writes as the program goes on, so that the buffer need not hold
// everything.
func Settings(dir string, mode Mode, bufferMB int) []string {
	env := []string{
		"DOTNET_EnableEventPipe=1",
		"DOTNET_EventPipeOutputPath=" + filepath.Join(dir, "{pid}"+extension),
		"DOTNET_EventPipeConfig=" + nettrace.RuntimeProvider + ":0x" + strconv.FormatUint(Keywords, 16) + ":5",
		"DOTNET_EventPipeRundown=0",
		"DOTNET_EventPipeOutputStreaming=1",
		"DOTNET_EventPipeCircularMB=" + strconv.FormatInt(int64(bufferMB), 16),
	}
	if mode == ModeAllJIT {
		env = append(env, "DOTNET_ReadyToRun=0", "DOTNET_TieredPGO=0")
	}
	return env
}

const extension = ".nettrace"
