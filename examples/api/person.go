package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/term"
)

// A person is who sits in front of the program, or a script in their place.
type person struct {
	lines *bufio.Reader
	out   io.Writer
	tty   int // of the input; -1: it is no terminal
	draws bool
}

func newPerson(in io.Reader, out io.Writer) *person {
	p := &person{lines: bufio.NewReader(in), out: out, tty: -1}
	if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.tty = int(f.Fd())
	}
	if f, ok := out.(*os.File); ok {
		p.draws = term.IsTerminal(int(f.Fd()))
	}
	return p
}

// say prints a line. What servers and other people have written is printed without
// what a terminal would obey.
func (p *person) say(format string, args ...any) {
	p.print(printable(fmt.Sprintf(format, args...)) + "\n")
}

// print prints as it is. Where that fails there is nobody to tell.
func (p *person) print(text string) { _, _ = io.WriteString(p.out, text) }

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) || r == '\n' {
			return r
		}
		return -1
	}, s)
}

// ask asks for a line, which is shown as it is typed.
func (p *person) ask(question string) (string, error) {
	p.print(printable(question) + ": ")
	line, err := p.lines.ReadString('\n')
	if p.tty < 0 {
		p.print("\n")
	}
	if line == "" && err != nil {
		return "", errors.New("there is no more input")
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// askSecret asks for a line that nobody who looks on may read.
func (p *person) askSecret(question string) (string, error) {
	if p.tty < 0 {
		return p.ask(question)
	}
	defer p.echoAgain()()
	p.print(printable(question) + ": ")
	line, err := term.ReadPassword(p.tty)
	p.print("\n")
	return string(line), err
}

// echoAgain has an interrupt leave the terminal as it was, until what it returns is
// called: nobody wants a shell that does not show what they type.
func (p *person) echoAgain() (stop func()) {
	before, err := term.GetState(p.tty)
	if err != nil {
		return func() {}
	}
	interrupts, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(interrupts, os.Interrupt)
	go func() {
		select {
		case <-interrupts:
			_ = term.Restore(p.tty, before) // there is nothing else to try
			os.Exit(130)
		case <-done:
		}
	}()
	return func() {
		signal.Stop(interrupts)
		close(done)
	}
}

// choose asks for one of several; an empty line is the first.
func (p *person) choose(question string, list []string) (int, error) {
	for i, one := range list {
		p.say("  %d  %s", i+1, one)
	}
	for {
		line, err := p.ask(question + " [1]")
		if err != nil {
			return 0, err
		}
		if strings.TrimSpace(line) == "" {
			return 0, nil
		}
		if n, err := strconv.Atoi(strings.TrimSpace(line)); err == nil && n >= 1 && n <= len(list) {
			return n - 1, nil
		}
		p.say("Please type a number from 1 to %d.", len(list))
	}
}
