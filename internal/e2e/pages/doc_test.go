// Package pages_test holds the ready pages of mfahttp/pages to what is promised of them,
// in Chromium: no barriers (WCAG 2.2 AA, by axe-core), the keyboard alone, no JavaScript,
// every language at every width, and nothing loaded but their own style and scripts. With
// MFA_SHOTS=FOLDER it writes pictures of every page there, to be looked at.
package pages_test
