package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/r2rpack/r2rpack/internal/fault"
	"github.com/r2rpack/r2rpack/internal/launch"
	"github.com/r2rpack/r2rpack/internal/ui"
	"github.com/r2rpack/r2rpack/trace"
)

func newTrace(u *ui.UI) *cobra.Command {
	var out string
	var o trace.Options
	var server *serverFlags
	cmd := &cobra.Command{
		Use:   "trace -o FILE -- COMMAND...",
		Short: "Run a .NET program under EventPipe and keep the trace that a profile is made from",
		Long: `Runs a .NET program with the EventPipe settings that a profile needs, and keeps the trace. What the program prints
passes through. It runs without ReadyToRun code, so that the trace names every method that may ever be needed (--as-is
runs it as always); with --runs 2 and more, every second run is one as always, and the traces are FILE, FILE-2, ….

A program that ends by itself is traced to its end. A server is asked for the --url of your choice and stopped then,
or stopped after a time (--stop-after), or by Ctrl-C: it gets a SIGTERM, and its trace is kept. A second Ctrl-C gives up.`,
		Example: `  r2rpack trace -o hello.nettrace -- root/dotnet hello.dll
  r2rpack trace -o api.nettrace --runs 2 --url /health --url /todo/1 -- root/dotnet api.dll
  r2rpack trace -o api.nettrace --stop-after 30s -- root/dotnet api.dll
  r2rpack trace -o api.nettrace --ready-file port --url /hello/x -- root/dotnet webapi.dll --serve port`,
		Args: func(cmd *cobra.Command, list []string) error {
			return args(cobra.MinimumNArgs(1))(cmd, list)
		},
		RunE: func(cmd *cobra.Command, command []string) (err error) {
			if out == "" {
				return usage(cmd, fault.New("", "-o FILE is missing"))
			}
			if o.Runs < 1 || o.Runs > 99 {
				return fault.Usage("--runs", "%d runs cannot be made", o.Runs).WithHint("give a number from 1 to 99")
			}
			o.Program = launch.Program{Path: command[0], Args: command[1:], Env: os.Environ(), Stdin: pipedInput(), Stdout: u.Out, Stderr: u.Err}
			if u.JSON {
				o.Program.Stdout = u.Err
			}
			if o.Script.Server, o.Program.Env, err = server.server(o.Program.Env); err != nil {
				return err
			}
			o.Name = commandName(command)
			ctx, stop, done := stopThenCancel(cmd.Context())
			defer done()
			o.Script.Stop = stop
			files, err := trace.Run(ctx, out, o)
			if err != nil {
				return err
			}
			return printTraces(u, files)
		},
	}
	server = addServerFlags(cmd)
	jsonFlag(cmd, u)
	flags := cmd.Flags()
	flags.StringVarP(&out, "output", "o", "", "the `FILE` that is made, such as api.nettrace")
	flags.IntVar(&o.Runs, "runs", 1, "number of runs, each with a trace of its own")
	flags.BoolVar(&o.AsIs, "as-is", false, "let the program use its ReadyToRun code")
	flags.DurationVar(&o.Script.StopAfter, "stop-after", 0, "stop the program so long after its start, or after the last --url was answered")
	flags.DurationVar(&o.Script.Timeout, "timeout", 10*time.Minute, "give up on a program that has not ended, or not answered, by then; 0 for never")
	flags.DurationVar(&o.Script.Grace, "grace", 10*time.Second, "how long the program may take to stop")
	flags.BoolVar(&o.AnyExit, "any-exit", false, "keep the trace of a program that fails, too")
	flags.IntVar(&o.BufferMB, "buffer", trace.DefaultBufferMB, "most memory for events not yet written, in `MB`")
	flags.BoolVar(&o.Force, "force", false, "replace the output if it exists")
	return cmd
}

// serverFlags say how to reach a program that serves HTTP.
type serverFlags struct {
	urls      []string
	readyFile string
}

func addServerFlags(cmd *cobra.Command) *serverFlags {
	f := &serverFlags{}
	cmd.Flags().StringArrayVar(&f.urls, "url", nil, "`URL` to ask for once the program answers, or a path such as /health; repeatable")
	cmd.Flags().StringVar(&f.readyFile, "ready-file", "", "`FILE` that the program makes when it is ready, with its port in it or not")
	return f
}

// server gives what the flags say, and the environment of a program that shall listen where they say it. The server is
// nil where they say nothing.
func (f *serverFlags) server(env []string) (*launch.Server, []string, error) {
	if len(f.urls) == 0 && f.readyFile == "" {
		return nil, env, nil
	}
	s := &launch.Server{URLs: f.urls, ReadyFile: f.readyFile}
	for _, text := range f.urls {
		parsed, err := url.Parse(text)
		if err != nil || !strings.HasPrefix(text, "/") && (parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "") {
			return nil, nil, fault.Usage("--url", "%q is no URL of a server", text).WithHint("give http://HOST:PORT/PATH, or /PATH")
		}
	}
	if f.readyFile != "" {
		abs, err := filepath.Abs(f.readyFile)
		if err != nil {
			return nil, nil, err
		}
		s.ReadyFile = abs
		return s, env, nil
	}
	port, err := launch.FreePort()
	if err != nil {
		return nil, nil, err
	}
	s.Port = port
	return s, append(env, launch.ListenOn(port)), nil
}

// pipedInput is the standard input, unless it is a terminal: the program is not in its foreground and may not read it.
func pipedInput() io.Reader {
	info, err := os.Stdin.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice != 0 {
		return nil
	}
	return os.Stdin
}

// commandName is what a command line is called in messages: the application rather than the muxer.
func commandName(command []string) string {
	if base := filepath.Base(command[0]); len(command) > 1 && (base == "dotnet" || base == "dotnet.exe") {
		return command[1]
	}
	return command[0]
}

// stopThenCancel gives a channel that is closed by the first interrupt and a context that ends with the second.
func stopThenCancel(parent context.Context) (context.Context, <-chan struct{}, func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	stop := make(chan struct{})
	go func() {
		select {
		case <-parent.Done():
		case <-ctx.Done():
			return
		}
		close(stop)
		for range 2 { // the first is the one that ended parent
			select {
			case <-signals:
			case <-ctx.Done():
				return
			}
		}
		cancel()
	}()
	return ctx, stop, func() {
		signal.Stop(signals)
		cancel()
	}
}

func printTraces(u *ui.UI, files []trace.File) error {
	if u.JSON {
		return u.PrintJSON(struct {
			Traces []trace.File `json:"traces"`
		}{files})
	}
	for _, f := range files {
		u.Note("%s: %s, %d methods: %s", f.File, ui.Bytes(f.Bytes), f.Methods, fates(f))
		if f.Dropped > 0 {
			u.Note("%s: %d events were lost; trace again with a larger --buffer", f.File, f.Dropped)
		}
		if f.Processes > 1 {
			u.Note("%s: %d .NET processes ran; this is the trace of one of them", f.File, f.Processes)
		}
	}
	return nil
}

func fates(f trace.File) string {
	if f.Mode == trace.ModeAllJIT {
		return "all compiled by the JIT, as a profile needs it"
	}
	return fmt.Sprintf("%d with ReadyToRun code, %d compiled by the JIT", f.Found, f.Jitted)
}
