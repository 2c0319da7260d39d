package pages

// signInRoutes are the pages of a flow, of a step-up, and of those who have lost
// everything.
var signInRoutes = map[string]page{
	"GET /challenge":       (*visit).challengePage,
	"POST /challenge":      (*visit).answerChallenge,
	"POST /challenge/send": (*visit).sendCode,
	"POST /challenge/skip": (*visit).skip,
	"GET /continue":        (*visit).continuePage,
	"POST /continue":       (*visit).goOn,
	"GET /lost":            (*visit).lostPage,
	"POST /lost":           (*visit).askReset,
	"GET /confirm":         (*visit).confirmPage,
	"POST /confirm":        (*visit).beginStepUp,
}
