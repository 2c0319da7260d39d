package main

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

func onGin(a *app) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(gin.Recovery(), ginMiddleware(a.mfa.Protect))
	r.Any("/mfa/*path", gin.WrapH(a.mfa))
	r.POST("/login", gin.WrapF(a.login))
	r.POST("/logout", gin.WrapF(a.logout))
	r.GET("/secret", ginMiddleware(a.recent), gin.WrapF(a.secret))
	return r
}

// ginMiddleware is what gin has for handlers and not for middleware: where it answers by
// itself, the handlers that follow must not run.
func ginMiddleware(m func(http.Handler) http.Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		through := false
		m(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			through, c.Request = true, r
			c.Next()
		})).ServeHTTP(c.Writer, c.Request)
		if !through {
			c.Abort()
		}
	}
}
