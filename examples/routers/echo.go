package main

import (
	"net/http"

	"github.com/labstack/echo/v5"
)

func onEcho(a *app) http.Handler {
	e := echo.New()
	e.Use(echo.WrapMiddleware(a.mfa.Protect))
	e.Any("/mfa/*", echo.WrapHandler(a.mfa))
	e.POST("/login", echo.WrapHandler(http.HandlerFunc(a.login)))
	e.POST("/logout", echo.WrapHandler(http.HandlerFunc(a.logout)))
	e.GET("/secret", echo.WrapHandler(http.HandlerFunc(a.secret)), echo.WrapMiddleware(a.recent))
	return e
}
