// Package migrate brings enrollments from what a program had before: columns of
// its own, authboss, django-otp, django-allauth, Laravel Fortify, and files in the
// form of Auth0's user import. Nobody has to enrol again.
//
//	rows := migrate.Read[migrate.AuthbossUser](file) // a JSON object for each user
//	report, err := migrate.Run(ctx, migrate.Config{
//		Importer: engine,
//		Users:    accounts.ByID,
//		Records:  migrate.Convert(rows, migrate.Authboss{}.Record),
//		Lines:    os.Stdout,
//		DryRun:   true,
//	})
//
// # Sources
//
// A source turns one user's row into a [Record]: [Columns], [Authboss],
// [DjangoOTP], [Allauth], [Fortify], [Auth0]. Rows are plain structs whose JSON
// names are the source's own column names, so that a query can write them, one
// object for each user. A program that reads its database itself makes an
// iter.Seq2 of them instead; what is in no row here is a Record that it makes by hand.
//
// docs/migrate.md has the queries, and the order in which to do things.
//
// # What is promised
//
//   - Only what was confirmed comes along. What nobody ever proved to have is
//     reported, and stays behind.
//   - A code that was seen at the old system is not good here: its last step comes
//     along, and where it kept none, codes are taken from the one after the next on.
//   - What this module would not accept (an algorithm, a period, a short secret, a
//     number in another country) is refused by its factor, and reported with the reason.
//   - A run only adds. What an earlier run has brought is not brought again, so that
//     what people have removed or changed since stays removed. A run can be
//     stopped at any point and done again.
//   - Errors and reports name users and rows, and no secret, code, number or address.
//     Columns that hold one are a [Secret], which prints as nothing.
//   - Memory does not grow with the number of users. A row has at most a MiB.
package migrate
