// The page: views over the JSON API of /mfa and the host's own calls. A view is a template
// of index.html that is filled with text and shown; what a person does in it settles a
// promise. So a sign-in reads from top to bottom in pass, and a call that needs more proof
// is made again in confirmed. Nothing is kept here: what is secret is in HttpOnly cookies.
import * as keys from "/mfa/mfa.js";

// ---- Calls ----

let skew = 0; // of this machine's clock against the server's, in milliseconds

async function call(method, path, body) {
	let r;
	try {
		r = await fetch(path, { method, body: body && JSON.stringify(body), headers: { "Content-Type": "application/json" } });
	} catch {
		throw { name: "NetworkError" };
	}
	skew = Date.now() - Date.parse(r.headers.get("Date")) || 0;
	const json = await r.json().catch(() => ({}));
	if (!r.ok) throw { name: "Problem", code: "internal", ...json };
	return json;
}

const get = (path) => call("GET", path);
const post = (path, body = {}) => call("POST", path, body);

// confirmed makes a call that may need more than the session has proved: then the person
// proves it, and the same call is made once more.
async function confirmed(f) {
	try {
		return await f();
	} catch (e) {
		if (e.code != "requirement" || e.missing.includes("sign_in")) throw e;
		await stepUp(e);
		return f();
	}
}

async function stepUp({ missing, requirement: { max_age, phishing_resistant } }) {
	if (missing.includes("password")) await password();
	await pass(await post("/mfa/stepup", { ...max_age && { max_age }, ...phishing_resistant && { phishing_resistant } }));
}

// ---- Views ----

const main = document.querySelector("main"), nav = document.getElementById("nav");
const wide = matchMedia("(min-width: 40rem)");
const note = (text) => { document.getElementById("note").textContent = text; };

// fill puts values where a template names them: data-text is text, data-if is there or
// not, data-list has an element for each, data-link and data-src are addresses of the
// kinds that are meant.
function fill(node, values) {
	const each = (kind, f) => node.querySelectorAll(`[data-${kind}]`).forEach((e) => {
		if (e.dataset[kind] in values) f(e, values[e.dataset[kind]]);
	});
	each("text", (e, v) => { e.textContent = v || ""; });
	each("if", (e, v) => { e.hidden = !v; });
	each("link", (e, v) => { if (/^(otpauth|blob):/.test(v)) e.href = v; });
	each("src", (e, v) => { if (/^data:image\/png;base64,/.test(v)) e.src = v; });
	each("list", (e, v) => (v || []).forEach((one) => e.appendChild(document.createElement("li")).append(one)));
	return node;
}

function made(id, values) {
	const node = document.getElementById(id).content.cloneNode(true);
	node.querySelectorAll("[data-if]").forEach((e) => { e.hidden = true; });
	return fill(node, values);
}

// show shows a view, and has its heading read out: nothing else says that it is another.
function show(id, values = {}) {
	const first = !main.querySelector("h1");
	keys.abort();
	main.replaceChildren(made(id, values));
	const heading = main.querySelector("h1");
	heading.tabIndex = -1;
	if (!first) heading.focus();
	document.title = heading.textContent + " – Example";
	main.querySelectorAll("details.qr").forEach((d) => { d.open = wide.matches; });
	return main;
}

// ask shows a view until there is an answer. wire is given a function that makes handlers:
// what one of them returns is the answer. An error is told in the view, if that is still
// there and can be answered; else it is the answer.
function ask(id, values, wire) {
	return new Promise((done, fail) => {
		const view = show(id, values), heading = view.querySelector("h1");
		const step = (f) => async (fields) => {
			try {
				const answer = await f(fields);
				if (answer !== undefined) done(answer);
			} catch (e) {
				if (heading.isConnected && !ending.includes(e.code) && !(e instanceof Cancelled)) throw e;
				fail(e);
			}
		};
		does(view, "cancel", step(() => { throw new Cancelled(); }));
		wire(view, step);
	});
}

class Cancelled extends Error {}
const ending = ["flow_expired", "no_flow", "unauthenticated", "enrollment_expired", "no_enrollment"];

// run does f for an element, one at a time, and tells what went wrong where the person
// is: beside it; or where they begin, if it led elsewhere or the session is over.
async function run(element, f) {
	if (element.ariaBusy == "true" || element.ariaDisabled == "true") return;
	element.ariaBusy = "true";
	tell(element, "");
	try {
		const form = element.matches("form") ? element : element.form;
		await f(form ? Object.fromEntries(new FormData(form)) : {});
	} catch (e) {
		if (element.isConnected && e.code != "unauthenticated" && !e.missing?.includes("sign_in")) tell(element, sentence(e));
		else await start(sentence(e), e instanceof Cancelled);
	}
	element.ariaBusy = null;
}

function on(element, event, f) {
	element?.addEventListener(event, (e) => {
		e.preventDefault();
		run(element, f);
	});
}

const does = (view, name, f) => on(view.querySelector(`[data-do=${name}]`), "click", f);
const submits = (view, f) => on(view.querySelector("form"), "submit", f);

// tell says what is wrong, or nothing, beside the element, and ties it to the form's field.
function tell(element, said) {
	const form = element.closest("form"), place = form || main, problem = place.querySelector(".problem");
	note(problem ? "" : said);
	if (!problem) return;
	problem.textContent = said;
	const field = form?.querySelector("input[name]:not([type=checkbox])");
	if (!field) return;
	problem.id = "problem-" + field.name;
	field.ariaInvalid = said ? "true" : null;
	field.setAttribute("aria-describedby", problem.id);
	if (said) field.select();
}

function choice(text, more, f) {
	const b = document.createElement("button"), small = document.createElement("small");
	b.type = "button";
	small.textContent = more || "";
	b.append(text, small);
	on(b, "click", f);
	return b;
}

// countdown keeps a button from being pressed before the time that the server says.
function countdown(b, until) {
	const words = "Send again";
	clearInterval(countdown.timer);
	const tick = () => {
		const left = Math.ceil((Date.parse(until) + skew - Date.now()) / 1000) || 0;
		b.ariaDisabled = left > 0 ? "true" : null;
		b.textContent = left > 0 ? `${words} (${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")})` : words;
		if (left > 0 && b.isConnected) return;
		clearInterval(countdown.timer);
		if (b.isConnected && until) note("If nothing has come, you can have the code sent again.");
	};
	countdown.timer = setInterval(tick, 1000);
	tick();
}

// ---- Signing in ----

// pass asks until a flow has passed.
async function pass(flow) {
	const views = { challenge, enroll, denied };
	while (flow.status != "passed") flow = await views[flow.status](flow);
	return flow;
}

async function challenge(flow) {
	let next = flow.options.find((o) => !o.locked_until) || flow.options[0];
	while (!next.status) next = await answer(flow, next); // another option, until it is a flow
	return next;
}

// answer asks with one of the options.
function answer(flow, option) {
	const method = methods[option.method] || methods.other, sign = flow.purpose == "sign_in";
	return ask("challenge", {
		title: sign ? "One more step" : "Confirm that it is you", binding: flow.binding?.text,
		why: flow.risk?.reasons.map((r) => r.text), how: method.ask(option), go: method.key ? "Use my key or passkey" : "Confirm",
		code: !method.key, sends: method.sends, several: flow.options.length > 1, lost: sign && flow.reset, skip: flow.skip,
		days: flow.remember.days && `Do not ask in this browser for ${flow.remember.days} days`, until: `Please finish by ${at(flow.expires_at)}.`,
		support: flow.support && `For help: ${flow.support}`,
	}, (view, step) => {
		const form = view.querySelector("form"), code = form.elements.code, again = form.querySelector("[data-do=resend]");
		if (method.key) code.remove();
		else code.inputMode = option.method == "recovery" ? "text" : "numeric";
		const send = step(async () => {
			const asked = await waiting(again, () => post("/mfa/flow/challenge", { option: option.id }));
			option.sent = true;
			if (asked.destination) note(`A code is on its way to ${asked.destination}.`);
		});
		on(form, "submit", step(async ({ code, remember }) => method.key ?
			keyed(keys.verify({ option: option.id, remember: !!remember })) :
			waiting(again, () => post("/mfa/flow/verify", { option: option.id, code, remember: !!remember }))));
		on(again, "click", send);
		fill(view, { others: flow.options.filter((o) => o != option).map((o) => choice(o.label, o.hint, step(() => o))) });
		does(view, "skip", step(() => post("/mfa/flow/skip")));
		does(view, "lost", step(() => lost(flow)));
		if (option.locked_until) tell(form, sentence({ code: "locked", locked_until: option.locked_until }));
		else if (method.sends && !option.sent) run(again, send);
	});
}

// waiting makes a call after which, right or wrong, a message may be sent again later.
async function waiting(button, f) {
	try {
		const asked = await f();
		if (asked.resend_at) countdown(button, asked.resend_at);
		return asked;
	} catch (e) {
		if (e.resend_at) countdown(button, e.resend_at);
		throw e;
	}
}

const denied = (flow) => ask("denied", { why: word("reasons", flow.reason) || "Please ask for help.", support: flow.support && `For help: ${flow.support}`, lost: flow.reset },
	(view, step) => does(view, "lost", step(() => lost(flow))));

// lost asks for the delayed reset. It leads to no other flow: its link comes by mail.
async function lost(flow) {
	const days = Math.ceil(flow.reset.wait_seconds / 86400);
	if (!flow.reset.ready_at)
		await sure("Lost everything?", `We write to all your addresses and numbers, and wait for ${days} days, in case it is not you who asks. Then a mail brings you the link to go on with, in this browser.`, "Ask for it");
	const { ready_at } = await post("/mfa/recovery");
	await ask("wait", { ready: at(ready_at) }, () => {});
}

const sure = (title, text, yes) => ask("sure", { title, text, yes }, (view, step) => does(view, "yes", step(() => true)));

async function password() {
	const { email } = await get("/me");
	return ask("password", {}, (view, step) => {
		view.querySelector("[autocomplete=username]").value = email; // for password managers; it has no name, and is not sent
		submits(view, step(async (fields) => {
			await post("/reauthenticate", fields);
			return true;
		}));
	});
}

// ---- Setting up ----

const passed = { status: "passed" };

// enroll sets up what a sign-in asks for, or puts it off.
function enroll(flow) {
	const { left, until } = flow.skip || {};
	return ask("setup", { skip: flow.skip && (left ? `You can say so ${count(left, "time")} more.` : until ? `Until ${at(until)}.` : " ") }, (view, step) => {
		fill(view, { methods: flow.methods.map((m) => choice(...named(m), step(() => addIn(flow, m)))) });
		does(view, "skip", step(() => post("/mfa/flow/skip")));
	});
}

// addIn is how the flow goes on; as it was, where the person wants another method.
const addIn = (flow, method) => add(method).then((done) => done.flow || passed, (e) => {
	if (e instanceof Cancelled) return flow;
	throw e;
});

// add sets up one method, and shows the recovery codes that may come with it.
async function add(method) {
	const { view } = methods[method] || methods.other, done = await view(method);
	if (done.recovery_codes) await showCodes(done.recovery_codes);
	return done;
}

const activate = ({ id }, code) => post(`/mfa/enrollments/${id}/activate`, { code });

async function addApp(method) {
	const begun = await confirmed(() => post("/mfa/enrollments", { method }));
	return ask("totp", { ...begun, secret: begun.secret.match(/.{1,4}/g).join(" ") }, (view, step) =>
		submits(view, step(({ code }) => activate(begun, code))));
}

const addKey = () => ask("key", {}, (view, step) => submits(view, step(() => confirmed(() => keyed(keys.enroll())))));

// keyed is a ceremony, whose answers are no codes.
const keyed = (ceremony) => ceremony.catch((e) => {
	if (e.code == "code_not_valid") e.code = "key_not_valid";
	throw e;
});

const addPhone = async (method) => addSent(method, await ask("phone", {}, (view, step) => submits(view, step((fields) => fields))));

// addSent has a code sent to a number or an address; without one, to what is on file.
async function addSent(method, to = {}) {
	const begun = await confirmed(() => post("/mfa/enrollments", { method, ...to })).catch((e) => {
		if (!e.id) throw e; // else it could not be sent now, and can be sent again
		return e;
	});
	if (begun.enrollment) return begun; // no code was needed
	return ask("sent", { how: `A code is on its way to ${begun.destination || "you"}.` }, (view, step) => {
		const again = view.querySelector("[data-do=resend]");
		submits(view, step(({ code }) => activate(begun, code)));
		on(again, "click", step(async () => { await waiting(again, () => post(`/mfa/enrollments/${begun.id}/challenge`)); }));
		countdown(again, begun.resend_at);
		if (begun.code) tell(again, sentence(begun));
	});
}

async function showCodes(codes) {
	const file = URL.createObjectURL(new Blob([codes.join("\n") + "\n"], { type: "text/plain" }));
	await ask("codes", { codes, file }, (view, step) => {
		does(view, "copy", async () => { await navigator.clipboard.writeText(codes.join("\n")); note("Copied."); });
		does(view, "done", step(() => true));
	});
	URL.revokeObjectURL(file);
}

// ---- Settings ----

async function settings(me) {
	const { enrollments, recovery_codes_left: left } = await get("/mfa/enrollments");
	keys.signal(); // so that browsers stop offering passkeys that were removed
	const view = show("settings", {
		email: me.email, addable: me.methods?.length, left: enrollments.length && `${count(left, "code")} left.`,
		advice: ["A password alone protects your account. Add a second step.", "Add a second way, so that losing the first does not lock you out."][enrollments.length],
		enrolled: enrollments.map(enrollment),
	});
	fill(view, { methods: me.methods?.map((m) => choice(...named(m), () => changed("It is set up.", () => add(m)))) });
	does(view, "codes", () => changed("The old codes do not work any more.", async () =>
		showCodes((await confirmed(() => post("/mfa/recovery-codes"))).codes)));
}

// changed does what changes something, and shows how things are then.
async function changed(said, f) {
	await f();
	await start(said);
}

function enrollment({ id, method, label, hint, last_used_at, disabled }) {
	const path = "/mfa/enrollments/" + id, [kind] = named(method);
	const about = [kind, hint, last_used_at ? `used ${at(last_used_at)}` : "not used yet", disabled && "switched off after too many wrong codes: remove it, and add it again"];
	const li = made("enrolled", { label, about: about.filter((s) => s && s != label).join(" · ") }), form = li.querySelector("form");
	form.elements.label.value = label;
	on(form, "submit", (fields) => changed("Renamed.", () => confirmed(() => call("PATCH", path, fields))));
	does(form, "remove", () => changed("Removed.", async () => {
		await sure(`Remove ${label}?`, "You cannot sign in with it any more.", "Remove");
		await confirmed(() => call("DELETE", path));
	}));
	return li;
}

async function devices() {
	const { devices } = await get("/mfa/devices"), forget = (id) => changed("Forgotten.", () => confirmed(() => call("DELETE", "/mfa/devices" + id)));
	const view = show("devices", { some: devices.length, devices: devices.map((d) => {
		const about = [d.current && "this browser", d.place || d.ip, `last seen ${at(d.last_seen_at)}`, d.remembered_until && `not asked until ${at(d.remembered_until)}`];
		const li = made("entry", { what: browser(d.user_agent), about: about.filter(Boolean).join(" · "), button: "Forget" });
		does(li, "it", () => forget("/" + d.id));
		return li;
	}) });
	does(view, "all", () => forget(""));
}

async function activity() {
	const { activity } = await get("/mfa/activity");
	show("activity", { activity: activity.map((a) => {
		const times = a.count > 1 && `${a.count} times`, risk = a.risk?.reasons?.map((r) => r.text).filter(Boolean).join(", ");
		const about = [at(a.time), times, a.label, a.place || a.ip, a.user_agent && browser(a.user_agent), risk, a.verdict == "not_me" && "you said that it was not you"];
		const li = made("entry", { what: word("events", a.type) || a.type, about: about.filter(Boolean).join(" · "), button: "This was not me" });
		const disputable = a.id && !a.verdict && ["flow.passed", "flow.denied", "factor.failed", "device.new"].includes(a.type);
		li.querySelector("[data-do=it]").hidden = !disputable;
		does(li, "it", () => changed("You are signed out everywhere. Somebody may know your password: change it when you have signed in.", async () => {
			await sure("Was it not you?", "You are signed out everywhere, here too, and whoever signs in next is asked for a second step.", "It was not me");
			await confirmed(() => post(`/mfa/activity/${a.id}/dispute`));
		}));
		return li;
	}) });
}

// ---- Where to begin ----

// start shows what there is for whoever is here: the settings; a sign-in that is under
// way, after a reload; or the way in.
async function start(said = "", cancelled = false) {
	const me = await get("/me").catch((e) => { if (e.code != "unauthenticated") said = sentence(e); });
	nav.hidden = !me;
	try {
		if (me) await ({ "#devices": devices, "#activity": activity }[location.hash] || settings)(me);
		else await outside(cancelled);
	} catch (e) {
		said = sentence(e);
		if (!main.querySelector("h1")) login();
	}
	note(said);
}

async function outside(cancelled) {
	if (cancelled) await post("/logout"); // gives the flow up, too
	if (location.hash == "#register") return register();
	const flow = !cancelled && await get("/mfa/flow").catch(() => null);
	login();
	if (["challenge", "enroll"].includes(flow?.status)) run(main.querySelector("form"), () => signIn(flow));
}

const signIn = (flow) => changed("", () => pass(flow));

function login() {
	const view = show("login");
	submits(view, async (fields) => signIn(await post("/login", fields)));
	does(view, "passkey", async () => signIn(await keys.signIn()));
	const form = view.querySelector("form");
	keys.autofill().then((flow) => flow && run(form, () => signIn(flow))).catch((e) => form.isConnected && tell(form, sentence(e)));
}

const register = () => submits(show("register"), async (fields) => {
	const flow = await post("/register", fields);
	history.replaceState(null, "", "#");
	return signIn(flow);
});

on(document.getElementById("out"), "click", async () => { await post("/logout"); await start("You are signed out."); });
addEventListener("hashchange", () => start());

// ---- Words ----

const methods = {
	totp: { name: "Authenticator app", more: "Codes from an app on your phone. Works without a network.", ask: (o) => `Open your authenticator app and type the code that it shows${o.label == methods.totp.name ? "" : ` for ${o.label}`}.`, view: addApp },
	webauthn: { name: "Security key or passkey", more: "Fingerprint, face, PIN or a key. The safest way.", ask: () => "Your browser asks for your key, fingerprint, face or PIN.", key: true, view: addKey },
	email: { name: "Codes by mail", more: "A code to your e-mail address.", ask: (o) => `Type the code that we mail to ${o.hint || o.label}.`, sends: true, view: addSent },
	sms: { name: "Codes by text message", more: "A code to your phone number.", ask: (o) => `Type the code that we send to ${o.hint || o.label}.`, sends: true, view: addPhone },
	recovery: { name: "Recovery code", more: "One of the codes that you kept.", ask: () => "Type one of the recovery codes that you have kept. Each works once." },
	other: { name: "Another way", more: "", ask: (o) => `Type the code of ${o.label}.`, view: () => { throw { code: "method_not_allowed" }; } },
};

const named = (method) => [(methods[method] || methods.other).name, (methods[method] || methods.other).more];
const count = (n, thing) => `${n} ${thing}${n == 1 ? "" : "s"}`;

const word = (kind, code) => document.getElementById(kind).content.querySelector(`[data-code="${CSS.escape(code)}"]`)?.textContent;

// at is a time, with its day if that is another one.
function at(time) {
	const t = new Date(time), today = t.toDateString() == new Date().toDateString();
	return t.toLocaleString([], today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" });
}

// browser is roughly what a User-Agent header says, which may be anything.
function browser(agent = "") {
	const of = (names) => names.find(([part]) => agent.includes(part))?.[1];
	const name = of([["Edg", "Edge"], ["OPR", "Opera"], ["Firefox", "Firefox"], ["Chrome", "Chrome"], ["Safari", "Safari"]]);
	const system = of([["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Windows", "Windows"], ["Mac OS", "a Mac"], ["Linux", "Linux"]]);
	return [name || agent.slice(0, 60) || "A browser", system].filter(Boolean).join(" on ");
}

// sentence says what went wrong, and what to do about it.
function sentence(e) {
	if (e instanceof Cancelled) return "";
	if (e instanceof TypeError) console.error(e); // a fault of this page
	if (typeof e.code != "string") return keys.message(e); // of the browser's, whose codes are numbers
	const more = [
		e.attempts_left > 0 && e.attempts_left < 4 && `${count(e.attempts_left, "try").replace("trys", "tries")} left.`,
		e.hint == "clock_skew" && "The clock of your phone seems to be wrong: let it set itself.",
		e.resent && "We have sent a new one.",
		e.disabled ? "It is switched off: please take another way, and set it up again." : e.locked_until && `Please try again after ${at(e.locked_until)}.`,
		!e.resent && e.resend_at && `The next one can be sent after ${at(e.resend_at)}.`,
		e.code == "delivery_failed" && (e.retry ? "Please try again." : "Please take another way."),
		e.methods?.length && `These are open to you: ${e.methods.map((m) => named(m)[0]).join(", ")}.`,
	];
	return [word("problems", e.code) || word("problems", "internal"), ...more].filter(Boolean).join(" ");
}

start();
