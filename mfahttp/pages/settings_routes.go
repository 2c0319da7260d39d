package pages

// settingsRoutes are the pages of somebody who is signed in: what they have set up, their
// browsers, and what happened. Each change is a POST, and asks for fresh evidence, but for
// those that only take something away from whoever is signed in.
var settingsRoutes = map[string]page{
	"GET /settings":                          (*visit).settingsPage,
	"GET /settings/enrollments/{id}":         changes((*visit).enrollmentPage),
	"GET /settings/enrollments/{id}/change":  begins((*visit).changePage),
	"POST /settings/enrollments/{id}/rename": (*visit).rename,
	"POST /settings/enrollments/{id}/remove": (*visit).remove,
	"GET /settings/recovery-codes":           changes((*visit).newCodesPage),
	"POST /settings/recovery-codes":          (*visit).makeCodes,
	"GET /settings/devices":                  changes((*visit).devicesPage),
	"POST /settings/devices/{id}/forget":     (*visit).forgetDevice,
	"POST /settings/devices/forget-all":      (*visit).forgetDevices,
	"POST /settings/sign-out-everywhere":     (*visit).signOutEverywhere,
	"GET /settings/activity":                 (*visit).activityPage,
	"POST /settings/activity/{id}/dispute":   (*visit).dispute,
	"GET /settings/reset":                    changes((*visit).resetPage),
	"POST /settings/reset/cancel":            (*visit).cancelReset,
}
