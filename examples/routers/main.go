// Command routers is one small app on four routers: net/http, chi, echo and gin. What
// differs is one file each; the rest is app.go. Copy the two that are yours, and
// replace what is marked REPLACE.
//
//	DEMO_PASSWORD=… go run ./examples/routers -on chi
package main

import (
	"flag"
	"log"
	"net/http"
	"os"
	"time"
)

// routers put an app on a router.
var routers = map[string]func(*app) http.Handler{"net/http": onNetHTTP, "chi": onChi, "echo": onEcho, "gin": onGin}

func main() {
	on := flag.String("on", "net/http", "`router`: net/http, chi, echo or gin")
	address := flag.String("addr", "localhost:8080", "`address` to listen on")
	flag.Parse()
	router, ok := routers[*on]
	if !ok {
		log.Fatalf("there is no router %q", *on)
	}
	origin := "http://" + *address // REPLACE: https://your.domain
	a, err := newApp(origin, os.Getenv("DEMO_PASSWORD"), time.Now)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("%s on %s", origin, *on)
	s := http.Server{Addr: *address, Handler: router(a), ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
	log.Fatal(s.ListenAndServe())
}
